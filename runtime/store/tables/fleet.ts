import { DeleteCommand, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Heartbeat, Order, Peer } from '../../../core/fleet/heartbeat.ts';
import { FencedError, type FleetStore, type Lease } from '../../../core/fleet/ports.ts';
import type { EventPlan, OperatorRequest } from '../../../core/fleet/snapshot.ts';
import type { TableNames } from '../../../core/tables.ts';
import { reach, reachIf, TableError, type TableClient } from './client.ts';
import { createDecisionLog, type DecisionPage, type DecisionQuery } from './fleet-decisions.ts';
import {
  expiryAt,
  fleetKinds,
  isOver,
  queryAll,
  peersKey,
  reportKey,
  withoutMarks,
  type ItemMarks,
} from './fleet-items.ts';
import { createLeases } from './fleet-lease.ts';
import { packReport, unpackReport } from './fleet-report.ts';

/** The fleet table: heartbeats, orders, operators' wishes, the scheduler's lease, report and decisions. */
export interface FleetTable extends FleetStore {
  /** The task's side: writes its heartbeat, answers with its order. Both are one item each. */
  beat(heartbeat: Heartbeat): Promise<Order | undefined>;
  /** Tasks with room, best first, as the scheduler last named them: for tasks that have none. */
  peers(): Promise<readonly Peer[]>;
  /** The API's side. */
  request(request: OperatorRequest): Promise<void>;
  /** Plans an event, or plans it anew. */
  planEvent(event: EventPlan): Promise<void>;
  cancelEvent(eventId: string): Promise<void>;
  /** Newest first; `before` is the cursor of an earlier page. */
  decisions(query: DecisionQuery): Promise<DecisionPage>;
}

/**
 * Far longer than a task may be silent while it runs: to a planner a task without any heartbeat has never
 * accepted. The scheduler removes the item of a task that has stopped (`forgetTask`).
 */
const heartbeatKeptMs = 30 * 86_400_000;
/** A wish that nobody carried out for an hour is not carried out by surprise later. */
const requestKeptMs = 3_600_000;
const eventKeptMs = 86_400_000;

/**
 * Fencing. Every write of the scheduler first reads the lease, strongly consistent, and is refused unless the
 * lease is still the writer's; the write itself is refused when its item carries a higher fence or, for
 * an order, a higher generation. What is left without transactions (dynalite has none): a newer holder takes
 * the lease between that read and the write, and has not written that item itself yet. The lease has to run
 * out or be given back for that, and callers begin nothing that could outlast their lease (apply.ts), so it
 * takes a write that reaches DynamoDB after its caller had given it up, by more than `leaseSkewMs`. Then an order of the old
 * holder stands which the newer one sees on its next pass: a task was told to go, or to stay, a pass too
 * late. Nothing is stopped by it, for the task is the fence (design section 5).
 */
export function createFleetTable(options: {
  readonly client: TableClient;
  readonly tables: TableNames;
  readonly now: () => number;
}): FleetTable {
  const { client, now } = options;
  const table = options.tables.fleet;
  const leases = createLeases({ client, table });
  const log = createDecisionLog({ client, table });

  const list = <T extends object>(kind: string): Promise<readonly T[]> =>
    queryAll<T>({ client, table, kind, now: now() });

  const get = async <T extends object>(kind: string, id: string): Promise<(T & ItemMarks) | undefined> => {
    const command = new GetCommand({ TableName: table, Key: { kind, id }, ConsistentRead: true });
    const { Item: item } = await reach(`read a ${kind}`, client.send(command));
    return item === undefined || isOver(item, now()) ? undefined : (item as T & ItemMarks);
  };

  const put = (kind: string, id: string, value: object, expiresAt: number): Promise<unknown> =>
    reach(
      `write a ${kind}`,
      client.send(new PutCommand({ TableName: table, Item: { ...value, kind, id, expiresAt } })),
    );

  const fenced = 'attribute_not_exists(#fence) OR #fence <= :fence';

  const fencedOff = (what: string, lease: Lease): FencedError =>
    new FencedError(`a newer scheduler than ${lease.fence} has written ${what}`);

  const putFenced = async (item: object, what: string, lease: Lease): Promise<void> => {
    await leases.check(lease);
    const written = await reachIf(
      `write ${what}`,
      client.send(
        new PutCommand({
          TableName: table,
          Item: { ...item, fence: lease.fence },
          ConditionExpression: fenced,
          ExpressionAttributeNames: { '#fence': 'fence' },
          ExpressionAttributeValues: { ':fence': lease.fence },
        }),
      ),
    );
    if (written === undefined) throw fencedOff(what, lease);
  };

  return {
    heartbeats: () => list<Heartbeat>(fleetKinds.heartbeat),
    orders: () => list<Order>(fleetKinds.order),
    async requests() {
      const items = await list<{ readonly request: OperatorRequest }>(fleetKinds.request);
      return items.map(({ request }) => request);
    },
    events: () => list<EventPlan>(fleetKinds.event),

    async heartbeat(taskId) {
      const item = await get<Heartbeat>(fleetKinds.heartbeat, taskId);
      return item === undefined ? undefined : withoutMarks<Heartbeat>(item);
    },

    async beat(heartbeat) {
      // Refused when a later one was faster: then that one counts, and the order is what was asked for.
      await reachIf(
        'write a heartbeat',
        client.send(
          new PutCommand({
            TableName: table,
            Item: {
              ...heartbeat,
              kind: fleetKinds.heartbeat,
              id: heartbeat.taskId,
              expiresAt: expiryAt(heartbeat.at + heartbeatKeptMs),
            },
            ConditionExpression: 'attribute_not_exists(#sequence) OR #sequence <= :sequence',
            ExpressionAttributeNames: { '#sequence': 'sequence' },
            ExpressionAttributeValues: { ':sequence': heartbeat.sequence },
          }),
        ),
      );
      const item = await get<Order>(fleetKinds.order, heartbeat.taskId);
      return item === undefined ? undefined : withoutMarks<Order>(item);
    },

    async request(request) {
      // Inside, because it has a `kind` of its own, which is not the item's.
      await put(fleetKinds.request, request.requestId, { request }, expiryAt(request.at + requestKeptMs));
    },

    async planEvent(event) {
      await put(fleetKinds.event, event.eventId, event, expiryAt(event.endsAt + eventKeptMs));
    },

    async cancelEvent(eventId) {
      const command = new DeleteCommand({ TableName: table, Key: { kind: fleetKinds.event, id: eventId } });
      await reach('remove an event', client.send(command));
    },

    async report() {
      const item = await get<{ readonly body: Uint8Array }>(reportKey.kind, reportKey.id);
      return item === undefined ? undefined : unpackReport(item.body);
    },

    async writeOrder(order, lease) {
      await leases.check(lease);
      const { taskId: id, generation } = order;
      const written = await reachIf(
        'write an order',
        client.send(
          new PutCommand({
            TableName: table,
            Item: { ...order, kind: fleetKinds.order, id, fence: lease.fence },
            ConditionExpression: `(${fenced}) AND (attribute_not_exists(#generation) OR #generation <= :generation)`,
            ExpressionAttributeNames: { '#fence': 'fence', '#generation': 'generation' },
            ExpressionAttributeValues: { ':fence': lease.fence, ':generation': generation },
          }),
        ),
      );
      if (written !== undefined) return;
      const found = await get<Order>(fleetKinds.order, id);
      if ((found?.fence ?? 0) > lease.fence) throw fencedOff('this order', lease);
      throw new TableError(`order ${generation} of the task ${id} is older than what it has been told`);
    },

    async forgetTask(taskId, lease) {
      await leases.check(lease);
      // The order last: while it is there, the next pass sees that something was left over.
      const heartbeat = { kind: fleetKinds.heartbeat, id: taskId };
      await reach('remove a heartbeat', client.send(new DeleteCommand({ TableName: table, Key: heartbeat })));
      const removed = await reachIf(
        'remove an order',
        client.send(
          new DeleteCommand({
            TableName: table,
            Key: { kind: fleetKinds.order, id: taskId },
            ConditionExpression: fenced,
            ExpressionAttributeNames: { '#fence': 'fence' },
            ExpressionAttributeValues: { ':fence': lease.fence },
          }),
        ),
      );
      if (removed === undefined) throw fencedOff('the order of this task', lease);
    },

    async writePeers(peers, lease) {
      await putFenced({ ...peersKey, peers }, 'the peers', lease);
    },

    async peers() {
      const item = await get<{ readonly peers: readonly Peer[] }>(peersKey.kind, peersKey.id);
      return item?.peers ?? [];
    },

    async writeReport(report, lease) {
      const body = await packReport(report);
      await putFenced({ ...reportKey, at: report.at, body }, 'the report of a pass', lease);
    },

    logDecisions: (lines, lease) => log.log(lines, () => leases.check(lease)),
    decisions: (query) => log.page(query),

    acquireLease: (wish) => leases.acquireLease(wish),
    renewLease: (lease, at, leaseMs) => leases.renewLease(lease, at, leaseMs),
    releaseLease: (lease) => leases.releaseLease(lease),
  };
}
