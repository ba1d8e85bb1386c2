import type { Heartbeat, Order, Peer } from '../../../core/fleet/heartbeat.ts';
import {
  FencedError,
  type FleetStore,
  type Lease,
  type LoggedDecision,
  type PassReport,
} from '../../../core/fleet/ports.ts';
import type { EventPlan, OperatorRequest } from '../../../core/fleet/snapshot.ts';
import type { Line } from './calls.ts';
import type { IngestProcess } from './process.ts';
import type { Timeline } from './timeline.ts';

/** An operator's wish ends by itself (runtime/store/tables/fleet.ts). */
const requestsLastMs = 3_600_000;

/** The fleet table: one state, whoever is connected. Tasks write into it by what their processes were. */
export class FleetTable {
  readonly orders = new Map<string, Order>();
  /** Whose heartbeat items there are, also of processes that have ended. */
  readonly processes = new Map<string, IngestProcess>();
  requests: readonly OperatorRequest[] = [];
  events: readonly EventPlan[] = [];
  /** Tasks with room, as the scheduler last named them. */
  peers: readonly Peer[] = [];
  report: PassReport | undefined;
  lease: Lease | undefined;
  /** The decision log, when somebody wants it. */
  onLog: ((lines: readonly LoggedDecision[]) => void) | undefined;
  #fence = 0;
  #orderList: readonly Order[] | undefined;
  readonly #timeline: Timeline;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  get now(): number {
    return this.#timeline.now;
  }

  heartbeats(): readonly Heartbeat[] {
    const { now } = this;
    const list: Heartbeat[] = [];
    for (const process of this.processes.values()) {
      const heartbeat = process.heartbeat(now, false);
      if (heartbeat !== undefined) list.push(heartbeat);
    }
    return list;
  }

  orderList(): readonly Order[] {
    this.#orderList ??= Object.freeze([...this.orders.values()]);
    return this.#orderList;
  }

  writeOrder(order: Order): void {
    this.orders.set(order.taskId, Object.freeze({ ...order }));
    this.#orderList = undefined;
  }

  forget(taskId: string): void {
    this.orders.delete(taskId);
    this.processes.delete(taskId);
    this.#orderList = undefined;
  }

  acquire(holder: string, now: number, leaseMs: number): Lease | undefined {
    const held = this.lease;
    if (held !== undefined && held.holder !== holder && now < held.expiresAt) return undefined;
    this.#fence++;
    this.lease = Object.freeze({ holder, fence: this.#fence, expiresAt: now + leaseMs });
    return this.lease;
  }

  renew(lease: Lease, now: number, leaseMs: number): Lease {
    this.check(lease);
    this.lease = Object.freeze({ ...lease, expiresAt: now + leaseMs });
    return this.lease;
  }

  giveBack(lease: Lease): void {
    if (this.lease?.fence === lease.fence) this.lease = undefined;
  }

  check(lease: Lease): void {
    if (lease.fence < this.#fence) {
      throw new FencedError(`fence ${lease.fence} is older than ${this.#fence}`);
    }
  }
}

export interface TableListener {
  /** Before the order is written. */
  readonly ordered: (order: Order, before: Order | undefined) => void;
}

/** The scheduler's side of the table, over one line. */
export function connectStore(table: FleetTable, line: Line, listener: TableListener): FleetStore {
  const read = <T>(name: string, work: () => T): Promise<T> => line.call('store-read', name, work);
  const write = <T>(name: string, lease: Lease, work: () => T): Promise<T> =>
    line.call('store-write', name, () => {
      table.check(lease);
      return work();
    });
  return {
    heartbeats: () => read('heartbeats', () => table.heartbeats()),
    heartbeat: (taskId) => read('heartbeat', () => table.processes.get(taskId)?.heartbeat(table.now, true)),
    orders: () => read('orders', () => table.orderList()),
    requests: () =>
      read('requests', () => table.requests.filter(({ at }) => table.now - at <= requestsLastMs)),
    events: () => read('events', () => table.events.filter(({ endsAt }) => table.now < endsAt)),
    report: () => read('report', () => table.report),
    writeOrder: (order, lease) =>
      write('writeOrder', lease, () => {
        const before = table.orders.get(order.taskId);
        // Repeated by somebody who did not hear the answer.
        if (before !== undefined && before.generation > order.generation) return;
        listener.ordered(order, before);
        table.writeOrder(order);
      }),
    writePeers: (peers, lease) =>
      write('writePeers', lease, () => {
        table.peers = peers;
      }),
    forgetTask: (taskId, lease) => write('forgetTask', lease, () => table.forget(taskId)),
    writeReport: (report, lease) =>
      write('writeReport', lease, () => {
        table.report = report;
      }),
    logDecisions: (lines, lease) => write('logDecisions', lease, () => table.onLog?.(lines)),
    acquireLease: ({ holder, now, leaseMs }) =>
      line.call('store-write', 'acquireLease', () => table.acquire(holder, now, leaseMs)),
    renewLease: (lease, now, leaseMs) =>
      line.call('store-write', 'renewLease', () => table.renew(lease, now, leaseMs)),
    releaseLease: (lease) => line.call('store-write', 'releaseLease', () => table.giveBack(lease)),
  };
}
