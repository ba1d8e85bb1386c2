import type { Heartbeat, Order } from './heartbeat.ts';
import type { Policy } from './policy.ts';
import type {
  AddressFact,
  Facts,
  HostFact,
  OperatorRequest,
  Read,
  ReleaseFact,
  Snapshot,
  SourceName,
  TargetFact,
  TaskFact,
} from './snapshot.ts';
import { byId, remembered } from './remembered.ts';
import { freePoints, isToGo, taskState, usedPoints, type TaskState } from './state.ts';

/** A host with everything that belongs to it: the planner's view of one machine. */
export interface Unit {
  readonly host: HostFact;
  /** The task that has not stopped; hosts hold one at a time (fixed ports). */
  readonly task: TaskFact | undefined;
  readonly heartbeat: Heartbeat | undefined;
  readonly order: Order | undefined;
  readonly state: TaskState | undefined;
  readonly address: AddressFact | undefined;
  readonly slot: string | undefined;
  readonly used: number;
  /** Room that a newcomer can have: only of tasks that serve, are heard from and are to stay. */
  readonly free: number;
  readonly target: TargetFact | undefined;
  /** Newest wish of a person about its task. */
  readonly request: OperatorRequest | undefined;
}

/** The snapshot in the planner's order: sorted and joined, so that nothing depends on the order of lists (I7). */
export interface Situation {
  readonly now: number;
  readonly policy: Policy;
  readonly snapshot: Snapshot;
  /** By host id. Hosts that are gone are left out. */
  readonly units: readonly Unit[];
  /** Hosts with a recent heartbeat: somebody runs there, whatever the orchestrator's list says yet. */
  readonly heardOn: ReadonlySet<string>;
  /** Hosts of tasks that were heard, silent or not, and that no list shows: it may have left them out. */
  readonly unlistedOn: ReadonlySet<string>;
  /** Slots of every task that has not stopped, also of those whose host or address a list leaves out. */
  readonly slotsInUse: ReadonlySet<string>;
  readonly release: ReleaseFact | undefined;
  readonly addresses: readonly AddressFact[];
  readonly front: readonly string[] | undefined;
  /** Every source that shrinking relies on is fresh. */
  readonly mayShrink: boolean;
  readonly isKnown: (source: SourceName) => boolean;
}

const sortedHosts = remembered((hosts: readonly HostFact[]) =>
  hosts.toSorted(byId((host) => `${host.hostId} ${host.state}`)),
);
const sortedAddresses = remembered((list: readonly AddressFact[]) =>
  list.toSorted(byId((address) => `${address.slot} ${address.addressId}`)),
);
/** The tasks that have not stopped; two on one host can only be a list that lags: the newest counts. */
const tasksByHost = remembered((tasks: readonly TaskFact[]) => {
  const found = new Map<string, TaskFact>();
  for (const task of tasks.toSorted(byId((t) => t.taskId))) {
    if (task.status === 'stopped') continue;
    const other = found.get(task.hostId);
    if (other === undefined || task.startedAt >= other.startedAt) found.set(task.hostId, task);
  }
  return found;
});
const slotsOfTasks = remembered(
  (tasks: readonly TaskFact[]): ReadonlySet<string> =>
    new Set(tasks.flatMap(({ slot, status }) => (status === 'stopped' ? [] : slot))),
);
const idsOf = remembered(
  (tasks: readonly TaskFact[]): ReadonlySet<string> => new Set(tasks.map(({ taskId }) => taskId)),
);
const ordersByTask = remembered((orders: readonly Order[]) => new Map(orders.map((o) => [o.taskId, o])));
const targetsBySlot = remembered((targets: readonly TargetFact[]) => {
  const found = new Map<string, TargetFact[]>();
  for (const target of targets) {
    const list = found.get(target.slot);
    if (list === undefined) found.set(target.slot, [target]);
    else list.push(target);
  }
  return found;
});
/** The first address by slot of each host: a second one is a conflict, and never used. */
const addressesByHost = remembered((addresses: readonly AddressFact[]) => {
  const found = new Map<string, AddressFact>();
  for (const address of sortedAddresses(addresses)) {
    if (address.hostId !== undefined && !found.has(address.hostId)) found.set(address.hostId, address);
  }
  return found;
});
const newestRequests = remembered((requests: readonly OperatorRequest[]) => {
  const found = new Map<string, OperatorRequest>();
  for (const request of requests.toSorted(byId((r) => r.requestId))) {
    const other = found.get(request.taskId);
    if (other === undefined || request.at >= other.at) found.set(request.taskId, request);
  }
  return found;
});

const shrinkingNeeds: readonly SourceName[] = [
  'group',
  'hosts',
  'tasks',
  'addresses',
  'records',
  'heartbeats',
  'orders',
  // A show that is about to begin, and a person's wish to keep a task.
  'events',
  'requests',
];

const valueOf = <T>(read: Read<readonly T[]> | undefined): readonly T[] => read?.value ?? [];

export function situationOf(snapshot: Snapshot, policy: Policy, now: number): Situation {
  const { sources } = snapshot;
  const isKnown = (source: SourceName): boolean => {
    const read = sources[source];
    return read !== undefined && now - read.at <= policy.staleness.factsMs;
  };
  const heartbeats = new Map(valueOf(sources.heartbeats).map((beat) => [beat.taskId, beat]));
  const orders = ordersByTask(valueOf(sources.orders));
  const tasks = tasksByHost(valueOf(sources.tasks));
  const addresses = sources.addresses?.value ?? noAddresses;
  const onHost = addressesByHost(addresses);
  const targets = targetsBySlot(sources.targets?.value ?? noTargets);
  const requests = newestRequests(sources.requests?.value ?? noRequests);

  const units: Unit[] = [];
  let previous: string | undefined;
  for (const host of sortedHosts(valueOf(sources.hosts))) {
    // A list that is read in pages can name one twice.
    if (host.state === 'gone' || host.hostId === previous) continue;
    previous = host.hostId;
    const task = tasks.get(host.hostId);
    const address = onHost.get(host.hostId);
    units.push(
      unitOf(host, task, address, {
        heartbeat: task === undefined ? undefined : heartbeats.get(task.taskId),
        order: task === undefined ? undefined : orders.get(task.taskId),
        targets: address === undefined ? undefined : targets.get(address.slot),
        request: task === undefined ? undefined : requests.get(task.taskId),
        policy,
        now,
      }),
    );
  }
  const heardOn = new Set<string>();
  // One from the future says nothing of its task, but somebody wrote it.
  for (const { hostId, at } of heartbeats.values()) {
    if (now - at <= policy.staleness.heartbeatMs) heardOn.add(hostId);
  }
  const listed = idsOf(sources.tasks?.value ?? noTasks);
  const unlistedOn = new Set<string>();
  for (const { taskId, hostId } of heartbeats.values()) if (!listed.has(taskId)) unlistedOn.add(hostId);
  return {
    now,
    policy,
    snapshot,
    units,
    heardOn,
    unlistedOn,
    slotsInUse: slotsOfTasks(sources.tasks?.value ?? noTasks),
    release: sources.release?.value,
    addresses: sortedAddresses(addresses),
    front: sources.records?.value.front,
    mayShrink: shrinkingNeeds.every(isKnown),
    isKnown,
  };
}

const noAddresses: Facts['addresses'] = [];
const noTargets: Facts['targets'] = [];
const noTasks: Facts['tasks'] = [];
const noRequests: Facts['requests'] = [];

function unitOf(
  host: HostFact,
  task: TaskFact | undefined,
  address: AddressFact | undefined,
  found: {
    readonly heartbeat: Heartbeat | undefined;
    readonly order: Order | undefined;
    readonly targets: readonly TargetFact[] | undefined;
    readonly request: OperatorRequest | undefined;
    readonly policy: Policy;
    readonly now: number;
  },
): Unit {
  const { heartbeat, order, request, policy, now } = found;
  const state = task === undefined ? undefined : taskState(task, heartbeat, order, policy, now);
  // Without its address nobody finds it: room that can't be reached is none. What a person sends away is gone too.
  const serves =
    state === 'serving' &&
    heartbeat?.accepting === true &&
    host.state === 'running' &&
    address?.slot === task?.slot &&
    request?.kind !== 'drain' &&
    request?.kind !== 'force-stop';
  return {
    host,
    task,
    heartbeat,
    order,
    state,
    address,
    // The slot that its task was started with is the one that viewers' addresses name.
    slot: task?.slot ?? address?.slot,
    used: heartbeat === undefined ? 0 : usedPoints(heartbeat),
    free: serves && !heartbeat.full && !isToGo(order) ? freePoints(heartbeat) : 0,
    target: found.targets?.find((target) => target.targetId === host.privateIp),
    request,
  };
}
