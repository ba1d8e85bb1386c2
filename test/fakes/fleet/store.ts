import type { Heartbeat, Order, Peer } from '../../../core/fleet/heartbeat.ts';
import {
  FencedError,
  leaseSkewMs,
  type Lease,
  type LoggedDecision,
  type PassReport,
} from '../../../core/fleet/ports.ts';
import type { EventPlan, OperatorRequest } from '../../../core/fleet/snapshot.ts';

const requestKeptMs = 3_600_000;

/** The fleet table in memory; passes test/lambda/scheduler/contract/store.ts. */
export class FakeStore {
  readonly lines: LoggedDecision[] = [];
  peers: readonly Peer[] = [];
  report: PassReport | undefined;
  readonly #now: () => number;
  readonly #heartbeats = new Map<string, Heartbeat>();
  readonly #orders = new Map<string, Order>();
  readonly #requests: OperatorRequest[] = [];
  readonly #events: EventPlan[] = [];
  #fence = 0;
  #lease: Lease | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  heartbeats(): readonly Heartbeat[] {
    return [...this.#heartbeats.values()];
  }

  heartbeat(taskId: string): Heartbeat | undefined {
    return this.#heartbeats.get(taskId);
  }

  orders(): readonly Order[] {
    return [...this.#orders.values()];
  }

  requests(): readonly OperatorRequest[] {
    return this.#requests.filter(({ at }) => this.#now() < at + requestKeptMs);
  }

  events(): readonly EventPlan[] {
    return this.#events.filter(({ endsAt }) => this.#now() < endsAt);
  }

  beat(heartbeat: Heartbeat): Order | undefined {
    const before = this.#heartbeats.get(heartbeat.taskId);
    if (before === undefined || before.sequence <= heartbeat.sequence)
      this.#heartbeats.set(heartbeat.taskId, heartbeat);
    return this.#orders.get(heartbeat.taskId);
  }

  request(request: OperatorRequest): void {
    this.#requests.push(request);
  }

  planEvent(event: EventPlan): void {
    this.#events.push(event);
  }

  writeOrder(order: Order, lease: Lease): void {
    this.#check(lease);
    this.#orders.set(order.taskId, order);
  }

  writePeers(peers: readonly Peer[], lease: Lease): void {
    this.#check(lease);
    this.peers = peers;
  }

  forgetTask(taskId: string, lease: Lease): void {
    this.#check(lease);
    this.#orders.delete(taskId);
    this.#heartbeats.delete(taskId);
  }

  writeReport(report: PassReport, lease: Lease): void {
    this.#check(lease);
    this.report = report;
  }

  logDecisions(lines: readonly LoggedDecision[], lease: Lease): void {
    this.#check(lease);
    this.lines.push(...lines);
  }

  acquireLease(wish: {
    readonly holder: string;
    readonly now: number;
    readonly leaseMs: number;
  }): Lease | undefined {
    const { holder, now, leaseMs } = wish;
    const held = this.#lease;
    if (held !== undefined && held.holder !== holder && now < held.expiresAt + leaseSkewMs) return undefined;
    this.#fence += 1;
    this.#lease = { holder, fence: this.#fence, expiresAt: now + leaseMs };
    return this.#lease;
  }

  renewLease(lease: Lease, now: number, leaseMs: number): Lease {
    this.#check(lease);
    this.#lease = { ...lease, expiresAt: now + leaseMs };
    return this.#lease;
  }

  releaseLease(lease: Lease): void {
    if (this.#lease?.fence === lease.fence) this.#lease = undefined;
  }

  #check(lease: Lease): void {
    if (this.#lease?.fence !== lease.fence) throw new FencedError('another scheduler has taken the lease');
  }
}
