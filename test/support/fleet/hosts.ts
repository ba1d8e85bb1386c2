import type { Heartbeat, HeldShow, Order, ReasonCode } from '../../../core/fleet/heartbeat.ts';
import type { AddressFact, HostFact, TaskFact } from '../../../core/fleet/snapshot.ts';

export const minute = 60_000;
export const hour = 60 * minute;

export const oldImage = `sha256:${'4be1'.repeat(16)}`;
export const newImage = `sha256:${'c07a'.repeat(16)}`;
export const brokenImage = `sha256:${'9d35'.repeat(16)}`;

/** What is on a host. A fleet repeats this row, so that twenty hosts have every state. */
const kinds = [
  'serving',
  'serving',
  'draining',
  'serving',
  'serving',
  'starting',
  'serving',
  'draining',
  'serving',
  'lost',
  'serving',
  'expired',
  'serving',
  'launching-host',
  'draining',
  'serving',
  'idle-host',
  'serving',
  'stopping',
  'terminating-host',
] as const;
type Kind = (typeof kinds)[number];

export interface FleetWish {
  readonly hosts: number;
  readonly now: number;
  readonly rollout?: 'steady' | 'canary' | 'rolling' | 'halted';
}

/** mulberry32: small, and good enough to make numbers look unlike each other. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const hex = (random: () => number, length: number): string =>
  Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join('');

export interface Made {
  readonly kind: Kind;
  readonly host: HostFact;
  readonly address: AddressFact;
  readonly task: TaskFact | undefined;
  readonly heartbeat: Heartbeat | undefined;
  readonly order: Order | undefined;
}

const hostStates: Readonly<Partial<Record<Kind, HostFact['state']>>> = {
  'launching-host': 'launching',
  'terminating-host': 'terminating',
};
const taskStatuses: Readonly<Partial<Record<Kind, TaskFact['status']>>> = {
  starting: 'pending',
  stopping: 'stopping',
};
/** Hosts without a task on them. */
const isBare = (kind: Kind): boolean => kind.endsWith('-host');

function makeShows(random: () => number, count: number, now: number): readonly HeldShow[] {
  return Array.from({ length: count }, (): HeldShow => {
    // Heavy-tailed: most last minutes to hours, some a day.
    const ageMs = Math.min(24 * hour, (3 * minute) / (1 - random()) ** 1.3);
    const chance = random();
    return {
      broadcastId: `01k${hex(random, 23)}`,
      state: chance < 0.06 ? 'interrupted' : chance < 0.09 ? 'ending' : 'live',
      points: [400, 700, 1000, 1000, 1000, 1350][Math.floor(random() * 6)] ?? 1000,
      startedAt: Math.round(now - ageMs),
      session: random() < 0.15 ? 2 : 1,
    };
  });
}

export function makeHost(index: number, slot: string, { now, rollout = 'rolling' }: FleetWish): Made {
  const random = randomOf(index * 7919 + 17);
  const kind = kinds[index % kinds.length] ?? 'serving';
  const hostId = `i-0${hex(random, 16)}`;
  const startedAt = now - (kind === 'starting' ? minute : hour + Math.floor(random() * 40 * hour));
  const host: HostFact = {
    hostId,
    state: hostStates[kind] ?? 'running',
    launchedAt: startedAt - 2 * minute,
    ready: kind !== 'launching-host',
    privateIp: `10.0.${index >> 8}.${index & 255}`,
    isProtected: true,
  };
  const address: AddressFact = {
    addressId: `eipalloc-0${hex(random, 16)}`,
    ip: `198.18.${index >> 8}.${index & 255}`,
    slot,
    ...(kind === 'launching-host' || kind === 'terminating-host' ? {} : { hostId }),
  };
  if (isBare(kind)) return { kind, host, address, task: undefined, heartbeat: undefined, order: undefined };

  const isGoing = kind === 'draining' || kind === 'expired' || kind === 'stopping';
  const canary = kind === 'starting' || index === 0;
  const isNew = rollout === 'steady' || (rollout === 'rolling' && !isGoing && index % 3 !== 1);
  const digest = rollout === 'halted' && canary ? brokenImage : canary || isNew ? newImage : oldImage;
  const taskId = hex(random, 32);
  const shows = makeShows(random, kind === 'stopping' ? 0 : 1 + Math.floor(random() * 4), now);
  const points = shows.reduce((sum, show) => sum + show.points, 0);
  const expiredAt = now - (index === 2 ? 14 * hour : minute + Math.floor(random() * 3 * hour));
  const reason: ReasonCode = index % 4 === 2 ? 'scale-in' : rollout === 'steady' ? 'operator' : 'rollout';
  return {
    kind,
    host,
    address,
    task: { taskId, hostId, slot, digest, status: taskStatuses[kind] ?? 'running', startedAt },
    heartbeat:
      kind === 'starting'
        ? undefined
        : {
            taskId,
            slot,
            hostId,
            digest,
            startedAt,
            at: now - (kind === 'lost' ? 3 * minute : Math.floor(random() * 5_000)),
            sequence: 900 + index,
            accepting: kind === 'serving' || kind === 'expired',
            full: points >= 3_600,
            phase: kind === 'draining' || kind === 'stopping' ? 'draining' : 'serving',
            obeys: isGoing ? 1 : 0,
            shows,
            roomPoints: 4_000,
            cpu: Math.min(0.97, 0.04 + (points / 4_000) * (0.6 + random() * 0.22)),
            unstoredBytes: 0,
          },
    order: isGoing
      ? {
          taskId,
          generation: 1,
          phase: kind === 'expired' ? 'expire' : 'drain',
          reason,
          text:
            reason === 'scale-in'
              ? 'free room 9,200 of 5,600 wanted: this host is not needed'
              : reason === 'operator'
                ? 'operator: new kernel on this host'
                : `runs ${oldImage.slice(0, 19)}, released is ${newImage.slice(0, 19)}`,
          at: expiredAt,
          expiredAt,
        }
      : undefined,
  };
}
