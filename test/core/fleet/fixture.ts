/** Snapshots for the planner's tests: hosts in a row, each said in one line. */
import type { Action, Decision, Plan } from '../../../core/fleet/decision.ts';
import type { HeldShow, Heartbeat, Order } from '../../../core/fleet/heartbeat.ts';
import { noMemory, type HostMark, type Memory } from '../../../core/fleet/memory.ts';
import { plan } from '../../../core/fleet/plan.ts';
import { defaultPolicy, type Policy } from '../../../core/fleet/policy.ts';
import type {
  AddressFact,
  Facts,
  HostFact,
  Snapshot,
  SourceName,
  Sources,
  TaskFact,
} from '../../../core/fleet/snapshot.ts';

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;
/** A Wednesday evening. */
export const now = Date.UTC(2026, 9, 7, 20, 0, 0);
/** When everything in a fixture began: long enough ago that no wait is due any more. */
export const longAgo = now - 5 * hour;

/** Numbers of its own, so that a default may change without another meaning of the tests. */
export const policy: Policy = {
  ...defaultPolicy,
  hosts: { min: 2, max: 100, roomPoints: 4000, leadMs: 4 * minute, startWithinMs: 5 * minute },
  buffer: {
    absolutePoints: 2000,
    relativeShare: 0.05,
    deviations: 3,
    unforeseenDeviations: 0,
    minimumShare: 0.5,
    hysteresisPoints: 2000,
  },
  front: { ttlS: 20, slackMs: 100 * second, maxAddresses: 28, minAddresses: 2, passedOnShare: 0.3 },
  rollout: { canaryMs: minute, attempts: 2, patienceMs: 6 * hour },
  scaleIn: { idleMs: 2 * minute, afterScaleOutMs: 5 * minute },
  caps: { launches: 20, starts: 20, expires: 10, stops: 20, terminations: 10 },
  addresses: { quota: 100, spare: 1, keepMs: 30 * minute },
};

export const oldImage = 'sha256:0dd';
export const image = 'sha256:900d';
export const nextImage = 'sha256:e11';

/** One host with what belongs to it; what is left out is as in a fleet that serves quietly. */
export interface HostWish {
  readonly host?: Partial<HostFact>;
  /** False: nothing runs on it. */
  readonly task?: Partial<TaskFact> | false;
  /** False: never heard. */
  readonly beat?: Partial<Heartbeat> | false;
  /** Broadcasts of 1000 points each. */
  readonly shows?: number | readonly Partial<HeldShow>[];
  readonly order?: Partial<Order>;
  readonly address?: Partial<AddressFact> | false;
  readonly target?: boolean;
  readonly mark?: HostMark;
  /** Its address is in the front set. */
  readonly front?: boolean;
  /** Sequence of the heartbeat that first showed it drained and empty. */
  readonly emptySince?: number;
  /** When its slot left the front set; `longAgo` when it is not in it. */
  readonly leftFrontAt?: number;
}

export const serving = (wish: HostWish = {}): HostWish => wish;
/** In the front set. */
export const front = (wish: HostWish = {}): HostWish => ({ front: true, ...wish });
/** Told to go at `at`, and obeys when it is told to drain. */
export const leaving = (phase: 'expire' | 'drain', wish: HostWish = {}): HostWish => ({
  ...wish,
  order: { phase, ...wish.order },
  beat:
    wish.beat === false
      ? false
      : phase === 'drain'
        ? { phase: 'draining', accepting: false, obeys: 1, ...wish.beat }
        : { ...wish.beat },
});
/** Registered, nothing runs on it. */
export const idle = (wish: HostWish = {}): HostWish => ({ task: false, beat: false, ...wish });
export const launching = (wish: HostWish = {}): HostWish =>
  idle({
    address: false,
    ...wish,
    host: { state: 'launching', ready: false, launchedAt: now - minute, ...wish.host },
  });
/** Its task has begun and was not heard yet. */
export const starting = (wish: HostWish = {}): HostWish => ({
  beat: false,
  ...wish,
  task: { startedAt: now - 20 * second, ...wish.task },
});
export const lost = (wish: HostWish = {}): HostWish => ({
  ...wish,
  beat: { at: now - minute, ...(wish.beat === false ? {} : wish.beat) },
});

export interface FleetWish {
  readonly hosts: readonly HostWish[];
  readonly memory?: Partial<Memory>;
  readonly sources?: { readonly [Name in SourceName]?: Facts[Name] };
  /** Addresses of slots that no host has, by number (5: in-05); one by default, as the policy wants. */
  readonly spare?: readonly number[];
}

export const number = (index: number): string => String(index + 1).padStart(2, '0');
export const slotOf = (index: number): string => `in-${number(index)}`;
export const hostOf = (index: number): string => `i-${number(index)}`;
export const taskOf = (index: number): string => `task-${number(index)}`;
export const ipOf = (index: number): string => `198.51.100.${index + 1}`;
export const privateIpOf = (index: number): string => `10.0.0.${index + 1}`;

const isOf = <T extends object>(value: T | false | undefined): value is T | undefined => value !== false;

const showsOf = (wish: HostWish, index: number): readonly HeldShow[] => {
  const { shows = 0 } = wish;
  const list = typeof shows === 'number' ? Array.from({ length: shows }, () => ({})) : shows;
  return list.map((show, each) =>
    Object.assign(
      {
        broadcastId: `show-${number(index)}-${each}`,
        state: 'live' as const,
        points: 1000,
        startedAt: longAgo,
        session: 1,
      },
      show,
    ),
  );
};

function factsOf(wish: HostWish, index: number) {
  const [hostId, taskId, slot] = [hostOf(index), taskOf(index), slotOf(index)];
  const host: HostFact = {
    hostId,
    state: 'running',
    launchedAt: longAgo,
    ready: true,
    privateIp: privateIpOf(index),
    isProtected: true,
    ...wish.host,
  };
  const task: TaskFact | undefined = isOf(wish.task)
    ? { taskId, hostId, slot, digest: image, status: 'running', startedAt: longAgo, ...wish.task }
    : undefined;
  const beat: Heartbeat | undefined = isOf(wish.beat)
    ? {
        taskId: task?.taskId ?? taskId,
        slot,
        hostId,
        digest: task?.digest ?? image,
        startedAt: task?.startedAt ?? longAgo,
        at: now - 3 * second,
        sequence: 100,
        accepting: true,
        full: false,
        phase: 'serving',
        obeys: 0,
        shows: showsOf(wish, index),
        roomPoints: 4000,
        cpu: 0.3,
        unstoredBytes: 0,
        ...wish.beat,
      }
    : undefined;
  const order: Order | undefined = wish.order && {
    taskId: task?.taskId ?? taskId,
    generation: 1,
    phase: 'expire',
    reason: 'scale-in',
    text: 'not needed',
    at: longAgo,
    expiredAt: longAgo,
    ...wish.order,
  };
  const address: AddressFact | undefined = isOf(wish.address)
    ? { addressId: `eip-${number(index)}`, ip: ipOf(index), slot, hostId, ...wish.address }
    : undefined;
  return { host, task, beat, order, address };
}

/** Every source as read just now. */
export const readAt = (facts: Facts, at: number): Sources =>
  Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, { at, value }]),
  ) as unknown as Sources;

export function fleet(wish: FleetWish): Snapshot {
  const made = wish.hosts.map((each, index) => ({ wish: each, index, ...factsOf(each, index) }));
  const some = <T>(of: (each: (typeof made)[number]) => T | undefined): readonly T[] =>
    made.flatMap((each) => of(each) ?? []);
  const spare = (wish.spare ?? [99]).map((n): AddressFact => ({
    addressId: `eip-${number(n - 1)}`,
    ip: ipOf(n - 1),
    slot: slotOf(n - 1),
  }));
  const addresses = [...some(({ address }) => address), ...spare];
  const facts: Facts = {
    group: { desired: made.filter(({ host }) => host.state !== 'gone').length, maxHosts: 100 },
    hosts: made.map(({ host }) => host),
    tasks: some(({ task }) => task),
    addresses,
    records: {
      front: some(({ wish: { front: isIn }, address }) =>
        isIn === true ? address?.ip : undefined,
      ).toSorted(),
      slots: Object.fromEntries(addresses.map(({ slot, ip }) => [slot, ip])),
    },
    targets: some(({ wish: { target }, address, host }) =>
      target === false || address === undefined || host.privateIp === undefined
        ? undefined
        : { slot: address.slot, targetId: host.privateIp, health: 'healthy' },
    ),
    release: { digest: image, pushedAt: longAgo },
    heartbeats: some(({ beat }) => beat),
    orders: some(({ order }) => order),
    requests: [],
    events: [],
    ...wish.sources,
  };
  return { sources: readAt(facts, now), memory: memoryOf(made, facts, wish.memory ?? {}) };
}

/** As a scheduler that has been there for hours would remember it. */
function memoryOf(
  made: readonly (ReturnType<typeof factsOf> & { readonly wish: HostWish })[],
  facts: Facts,
  changes: Partial<Memory>,
): Memory {
  const named = new Set(facts.records.front);
  const tasks = made.flatMap(({ wish, task, beat }) =>
    task === undefined || beat === undefined || beat.phase === 'starting'
      ? []
      : [
          [
            task.taskId,
            {
              servedAt: task.startedAt + minute,
              ...(wish.emptySince === undefined ? {} : { emptySequence: wish.emptySince }),
            },
          ] as const,
        ],
  );
  return {
    ...noMemory,
    leftFrontAt: Object.fromEntries(
      made.flatMap(({ wish, address }) =>
        address === undefined || named.has(address.ip) ? [] : [[address.slot, wish.leftFrontAt ?? longAgo]],
      ),
    ),
    images: { [image]: { firstSeenAt: longAgo, goodAt: longAgo, failedTasks: [], releasedAt: now } },
    tasks: Object.fromEntries(tasks),
    hosts: Object.fromEntries(
      made.flatMap(({ wish, host }) => (wish.mark === undefined ? [] : [[host.hostId, wish.mark]])),
    ),
    demand: { ...noMemory.demand, countedTo: now - 20 * second, meanPoints: 1000 },
    ...changes,
  };
}

/** Changes facts of a snapshot, as the source would have told them. */
export const withFacts = (
  snapshot: Snapshot,
  changes: { readonly [N in SourceName]?: Facts[N] },
): Snapshot => ({
  ...snapshot,
  sources: {
    ...snapshot.sources,
    ...Object.fromEntries(
      Object.entries(changes).map(([name, value]) => [
        name,
        { at: snapshot.sources[name as SourceName]?.at ?? now, value },
      ]),
    ),
  },
});

/** Sources that could not be read for so long, or (Infinity) never. */
export const unread = (snapshot: Snapshot, ageMs: number, ...names: readonly SourceName[]): Snapshot => ({
  ...snapshot,
  sources: {
    ...snapshot.sources,
    ...Object.fromEntries(
      names.map((name) => {
        const read = snapshot.sources[name];
        return [name, read === undefined || ageMs === Infinity ? undefined : { ...read, at: now - ageMs }];
      }),
    ),
  },
});

export const planned = (wish: FleetWish | Snapshot, changed: Partial<Policy> = {}): Plan =>
  plan('hosts' in wish ? fleet(wish) : wish, { ...policy, ...changed }, now);

export const actions = <Kind extends Action['kind']>(
  { decisions }: Pick<Plan, 'decisions'>,
  kind: Kind,
): readonly Extract<Action, { readonly kind: Kind }>[] =>
  decisions.flatMap(({ action }) => (action.kind === kind ? [action as never] : []));

/** Each decision in short: `stop-task task-01`. */
export const inShort = ({ decisions }: Pick<Plan, 'decisions'>): readonly string[] => decisions.map(shortly);

function shortly({ action, reason }: Decision): string {
  switch (action.kind) {
    case 'write-peers':
      return `write-peers ${action.peers.length}`;
    case 'set-desired':
      return `set-desired ${action.hosts}`;
    case 'set-front':
      return `set-front ${action.ips.join(' ')}`;
    case 'write-order':
      return `${action.order.phase} ${action.order.taskId} ${reason}`;
    case 'start-task':
      return `start-task ${action.hostId} ${action.slot} ${action.digest}`;
    case 'stop-task':
    case 'forget-task':
      return `${action.kind} ${action.taskId}`;
    case 'protect-host':
    case 'terminate-host':
      return `${action.kind} ${action.hostId}`;
    case 'associate-address':
      return `associate ${action.slot} ${action.hostId}`;
    case 'release-address':
      return `release-address ${action.addressId}`;
    case 'register-target':
    case 'deregister-target':
      return `${action.kind} ${action.slot} ${action.targetId}`;
    default:
      return `${action.kind} ${action.slot}`;
  }
}
