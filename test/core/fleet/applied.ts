/** A world of facts: what a plan does to it, and what comes of that with time. Pure; nothing fails in it. */
import type { Action, Plan } from '../../../core/fleet/decision.ts';
import type { Heartbeat, Order } from '../../../core/fleet/heartbeat.ts';
import { plan } from '../../../core/fleet/plan.ts';
import type { Policy } from '../../../core/fleet/policy.ts';
import type {
  AddressFact,
  Facts,
  HostFact,
  Snapshot,
  SourceName,
  TaskFact,
} from '../../../core/fleet/snapshot.ts';
import { hour, minute, readAt, second } from './fixture.ts';

export interface World {
  readonly now: number;
  readonly facts: Facts;
  readonly memory: Snapshot['memory'];
  readonly policy: Policy;
  /** Tasks that say nothing any more. */
  readonly silent: ReadonlySet<string>;
  /** Images whose tasks start and are never heard. */
  readonly broken: ReadonlySet<string>;
  /** Tokens of starts that were carried out. */
  readonly tokens: ReadonlySet<string>;
  /** Numbers what is new. */
  readonly made: number;
}

export function worldOf(snapshot: Snapshot, policy: Policy, at: number): World {
  const facts = Object.fromEntries(
    Object.entries(snapshot.sources).map(([name, read]) => [name, read?.value]),
  ) as unknown as Facts;
  const { staleness } = policy;
  const silent = facts.heartbeats.filter(
    (beat) => at - beat.at > staleness.heartbeatMs || beat.at - at > staleness.futureMs,
  );
  return {
    now: at,
    facts,
    memory: snapshot.memory,
    policy,
    silent: new Set(silent.map(({ taskId }) => taskId)),
    broken: new Set(),
    tokens: new Set(),
    made: 0,
  };
}

export const seen = ({ facts, memory, now }: World): Snapshot => ({ sources: readAt(facts, now), memory });

export const think = (world: World): Plan => plan(seen(world), world.policy, world.now);

const put = <T>(list: readonly T[], is: (item: T) => boolean, change: (item: T) => T): readonly T[] =>
  list.map((item) => (is(item) ? change(item) : item));

/** The plan is carried out, and its memory kept. */
export const carriedOut = (
  world: World,
  { decisions, memory }: Pick<Plan, 'decisions' | 'memory'>,
): World => ({
  ...decisions.reduce((after, { action }) => done(after, action), world),
  memory,
});

export function done(world: World, action: Action): World {
  const { facts, now, made } = world;
  const change = <Name extends SourceName>(name: Name, value: Facts[Name]): World => ({
    ...world,
    facts: { ...facts, [name]: value },
    made: made + 1,
  });
  const { records, hosts, tasks, addresses, targets } = facts;
  switch (action.kind) {
    case 'write-peers':
      return world;
    case 'set-desired':
      return change('group', { ...facts.group, desired: Math.max(facts.group.desired, action.hosts) });
    case 'protect-host':
      return change('hosts', put(hosts, is('hostId', action.hostId), protectedHost));
    case 'terminate-host': {
      const after = change('hosts', put(hosts, is('hostId', action.hostId), endingHost));
      const group = { ...facts.group, desired: facts.group.desired - 1 };
      return { ...after, facts: { ...after.facts, group } };
    }
    case 'allocate-address': {
      if (addresses.some(is('slot', action.slot))) return world;
      const fresh = { addressId: `eip-new-${made}`, ip: `203.0.113.${made}`, slot: action.slot };
      return change('addresses', [...addresses, fresh]);
    }
    case 'release-address':
      return change(
        'addresses',
        addresses.filter((each) => each.addressId !== action.addressId),
      );
    case 'associate-address':
      return change(
        'addresses',
        put(addresses, is('addressId', action.addressId), (each) => ({ ...each, hostId: action.hostId })),
      );
    case 'start-task': {
      if (world.tokens.has(action.token)) return world;
      const { hostId, slot, digest } = action;
      const taskId = `task-new-${made}`;
      const task: TaskFact = { taskId, hostId, slot, digest, status: 'pending', startedAt: now };
      return { ...change('tasks', [...tasks, task]), tokens: new Set([...world.tokens, action.token]) };
    }
    case 'stop-task':
      return change('tasks', put(tasks, is('taskId', action.taskId), stoppingTask));
    case 'register-target': {
      const { slot, targetId } = action;
      if (targets.some((each) => each.slot === slot && each.targetId === targetId)) return world;
      return change('targets', [...targets, { slot, targetId, health: 'healthy' }]);
    }
    case 'deregister-target':
      return change(
        'targets',
        targets.filter(({ slot, targetId }) => slot !== action.slot || targetId !== action.targetId),
      );
    case 'set-front':
      return change('records', { ...records, front: action.ips });
    case 'set-slot-record':
      return change('records', { ...records, slots: { ...records.slots, [action.slot]: action.ip } });
    case 'remove-slot-record': {
      const left = Object.entries(records.slots).filter(([slot]) => slot !== action.slot);
      return change('records', { ...records, slots: Object.fromEntries(left) });
    }
    case 'write-order': {
      const { order } = action;
      return change('orders', [...facts.orders.filter((each) => each.taskId !== order.taskId), order]);
    }
    default: {
      const isOther = (each: Order | Heartbeat): boolean => each.taskId !== action.taskId;
      const after = change('orders', facts.orders.filter(isOther));
      return { ...after, facts: { ...after.facts, heartbeats: facts.heartbeats.filter(isOther) } };
    }
  }
}

const is =
  <Key extends string>(key: Key, value: string) =>
  (item: { readonly [K in Key]: string }): boolean =>
    item[key] === value;
const protectedHost = (host: HostFact): HostFact => ({ ...host, isProtected: true });
const endingHost = (host: HostFact): HostFact => ({ ...host, state: 'terminating', ready: false });
const stoppingTask = (task: TaskFact): TaskFact =>
  task.status === 'stopped' ? task : { ...task, status: 'stopping' };

/** Time passes: hosts come and go, tasks start, obey and end. The shows stay as they are. */
export function lived(world: World, ms: number): World {
  const now = world.now + ms;
  const { facts } = world;
  const hosts = facts.hosts
    .map(grown)
    .filter((host) => host.state !== 'gone' || now - host.launchedAt < hour);
  const missing = facts.group.desired - hosts.filter((host) => host.state !== 'gone').length;
  const news = Array.from({ length: Math.max(0, missing) }, (_, n): HostFact => {
    const made = world.made + n;
    return {
      hostId: `i-new-${made}`,
      state: 'launching',
      launchedAt: now,
      ready: false,
      privateIp: `10.1.${Math.floor(made / 250)}.${made % 250}`,
      isProtected: false,
    };
  });
  const gone = new Set(hosts.flatMap(({ hostId, state }) => (state === 'gone' ? hostId : [])));
  const alive = new Set(hosts.flatMap(({ hostId, state }) => (state === 'running' ? hostId : [])));
  const tasks = facts.tasks
    .map((task) => worked(task, alive, now))
    .filter((task) => task.status !== 'stopped' || now - (task.stoppedAt ?? now) < hour);
  const beats = new Map(facts.heartbeats.map((beat) => [beat.taskId, beat]));
  const orders = new Map(facts.orders.map((order) => [order.taskId, order]));
  for (const task of tasks) {
    if (task.status !== 'running' || world.silent.has(task.taskId) || world.broken.has(task.digest)) continue;
    if (!alive.has(task.hostId)) continue;
    beats.set(task.taskId, beating(beats.get(task.taskId) ?? born(task), orders.get(task.taskId), now));
  }
  return {
    ...world,
    now,
    made: world.made + news.length,
    facts: {
      ...facts,
      hosts: [...hosts, ...news],
      tasks,
      heartbeats: [...beats.values()],
      addresses: facts.addresses.map((address) =>
        gone.has(address.hostId ?? '') ? given(address) : address,
      ),
    },
  };
}

const given = ({ addressId, ip, slot }: AddressFact): AddressFact => ({ addressId, ip, slot });

function grown(host: HostFact): HostFact {
  if (host.state === 'terminating' || host.state === 'gone') return { ...host, state: 'gone', ready: false };
  return host.state === 'launching' ? { ...host, state: 'running', ready: true } : host;
}

function worked(task: TaskFact, alive: ReadonlySet<string>, now: number): TaskFact {
  if (task.status === 'stopped') return task;
  if (task.status === 'stopping' || !alive.has(task.hostId)) {
    return { ...task, status: 'stopped', stoppedAt: now };
  }
  return { ...task, status: 'running' };
}

const born = (task: TaskFact): Heartbeat => ({
  taskId: task.taskId,
  slot: task.slot,
  hostId: task.hostId,
  digest: task.digest,
  startedAt: task.startedAt,
  at: 0,
  sequence: 0,
  accepting: true,
  full: false,
  phase: 'serving',
  obeys: 0,
  shows: [],
  roomPoints: 4000,
  cpu: 0.3,
  unstoredBytes: 0,
});

function beating(beat: Heartbeat, order: Order | undefined, now: number): Heartbeat {
  const next = { ...beat, at: now - 2 * second, sequence: beat.sequence + 1, unstoredBytes: 0, passing: 0 };
  if (order === undefined || beat.phase === 'ending') {
    return beat.phase === 'starting' ? { ...next, phase: 'serving', accepting: true } : next;
  }
  const drains = order.phase === 'drain';
  return {
    ...next,
    obeys: order.generation,
    accepting: !drains,
    phase: drains ? 'draining' : 'serving',
  };
}

/** Passes at 10 s as long as the scheduler's waits take, then by the minute. */
const steps: readonly number[] = [
  ...Array.from({ length: 30 }, () => 10 * second),
  ...Array.from({ length: 150 }, () => minute),
];

/** Every pass of two and a half hours in which nobody comes and nobody ends. */
export function* passes(start: World): Generator<{ readonly world: World; readonly made: Plan }> {
  let world = start;
  for (const step of steps) {
    const made = think(world);
    yield { world, made };
    world = lived(carriedOut(world, made), step);
  }
}
