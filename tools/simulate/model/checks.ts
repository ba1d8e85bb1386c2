import type { Order } from '../../../core/fleet/heartbeat.ts';
import type { Addresses } from './addresses.ts';
import type { Dns } from './dns.ts';
import type { Group } from './group.ts';
import { heartbeatMs, type Surroundings } from './parts.ts';
import type { IngestProcess } from './process.ts';
import type { FleetTable } from './store.ts';
import type { Tally } from './tally.ts';
import type { Task, Tasks } from './tasks.ts';
import type { Targets } from './targets.ts';

export interface Checked extends Surroundings {
  readonly tally: Tally;
  readonly group: Group;
  readonly tasks: Tasks;
  readonly addresses: Addresses;
  readonly dns: Dns;
  readonly targets: Targets;
  readonly table: FleetTable;
  readonly processAt: (ip: string) => IngestProcess | undefined;
}

/** A heartbeat was fresh when the stop was decided on; the pass and the call take their time. */
const decideMs = 10_000;
/** What became true so shortly before that no heartbeat of it can have been read. */
const unseenMs = 2 * heartbeatMs + decideMs;
/** Clean passes that may find an address wrong before it counts: one to see it, one to mend it. */
const passesToMend = 2;

/** The invariants of design section 5, against the truth that only the world knows. */
export class Checks {
  readonly #world: Checked;
  /** By address: since when it should not be in the front set, and clean passes since it could be known. */
  readonly #wrong = new Map<string, { readonly since: number; passes: number }>();
  #servingSince: number | undefined;
  #emptyPasses = 0;

  constructor(world: Checked) {
    this.#world = world;
  }

  /** I1, before a task gets its SIGTERM. */
  stops(task: Task): void {
    const { process } = task;
    if (task.status === 'stopping' || task.status === 'stopped') return;
    if (process?.isAlive !== true) return;
    this.#mayEnd(process, `StopTask ${task.taskId}`);
    // Nobody could take a first broadcast behind its back: it says no to newcomers, or never said yes.
    if (process.isAccepting) this.#violation('I1', `StopTask ${task.taskId}: its door is open`);
  }

  /** I1, before a host is terminated. */
  terminates(hostId: string): void {
    const host = this.#world.group.hosts.get(hostId);
    if (host === undefined || host.state === 'terminating' || host.state === 'gone') return;
    const task = this.#world.tasks.onHost(hostId);
    if (task === undefined) return;
    if (task.process?.isAlive === true) this.#mayEnd(task.process, `terminate ${hostId}`);
    if (host.isAlive && task.process?.isAlive === true) {
      this.#violation('I1', `terminate ${hostId}: ${task.taskId} runs there`);
    }
  }

  #mayEnd(process: IngestProcess, act: string): void {
    const { now } = this.#world.timeline;
    if (process.shows.length > 0) {
      this.#violation('I1', `${act}: it holds ${process.shows.length} broadcasts`);
    } else if (process.passing > 0) {
      this.#violation('I1', `${act}: ${process.passing} broadcasts go through it`);
    } else if (!process.isEmpty) this.#violation('I1', `${act}: its archive is not stored`);
    const beat = process.beatBefore(now);
    const staleMs = this.#world.policy.staleness.heartbeatMs + decideMs;
    if (beat !== undefined && now - beat > staleMs) {
      this.#violation('I1', `${act}: nobody heard of it for ${Math.round((now - beat) / 1000)} s`);
    }
  }

  /** I2, when a task is told to go that was not before. */
  expires(order: Order, before: Order | undefined): void {
    const isNew = order.phase !== 'serve' && (before === undefined || before.phase === 'serve');
    if (!isNew || (order.reason !== 'scale-in' && order.reason !== 'rollout')) return;
    const { policy, timeline, table } = this.#world;
    let free = 0;
    let used = 0;
    for (const process of table.processes.values()) {
      if (!process.isAlive) continue;
      used += process.points;
      const told = table.orders.get(process.identity.taskId);
      const isToGo = told !== undefined && told.phase !== 'serve';
      if (!process.isAccepting || isToGo || process.identity.taskId === order.taskId) continue;
      // What came in the last seconds could not be known.
      const unseen = process.shows.filter((show) => timeline.now - show.startedAt < unseenMs);
      const seenPoints = process.points - unseen.reduce((sum, show) => sum + show.points, 0);
      free += Math.max(0, policy.hosts.roomPoints - seenPoints);
    }
    // The least that any policy's planner may want; forecasts and events only add to it.
    const least =
      policy.buffer.minimumShare * Math.max(policy.buffer.absolutePoints, used * policy.buffer.relativeShare);
    if (free < Math.floor(least)) {
      this.#violation('I2', `${order.taskId} expired (${order.reason}): ${free} points free of ${least}`);
    }
  }

  /** I3, when the front set is written. */
  setsFront(ips: readonly string[]): void {
    if (ips.length > 0 || this.#world.dns.read().front.length === 0) return;
    if (this.#serving() > 0) this.#violation('I3', 'the front set was emptied while a task serves');
  }

  /** After a pass in which every source was read and every call answered. `startedAt`: of its reading. */
  passedCleanly(startedAt: number): void {
    const { dns, timeline, table, policy, processAt } = this.#world;
    const { front } = dns.read();
    const serving = this.#serving();
    for (const ip of this.#wrong.keys()) if (!front.includes(ip)) this.#wrong.delete(ip);
    for (const ip of front) {
      const process = processAt(ip);
      const order = process === undefined ? undefined : table.orders.get(process.identity.taskId);
      const isToGo = order !== undefined && order.phase !== 'serve';
      const isRight = process !== undefined && process.isAccepting && !isToGo;
      // With nothing else that serves, an address that might serve is better than none.
      if (isRight || serving === 0) {
        this.#wrong.delete(ip);
        continue;
      }
      const wrong = this.#wrong.get(ip) ?? { since: timeline.now, passes: 0 };
      this.#wrong.set(ip, wrong);
      // A silent task is known to be lost when its last heartbeat is too old.
      const knownAt = wrong.since + policy.staleness.heartbeatMs + heartbeatMs;
      if (startedAt < knownAt) continue;
      wrong.passes++;
      if (wrong.passes === passesToMend) {
        const why = process === undefined ? 'nobody is behind it' : 'its task does not serve';
        this.#violation('I3', `the front set still names ${ip}: ${why}`);
      }
    }
    this.#checkEmpty(front.length, serving, startedAt);
  }

  #checkEmpty(named: number, serving: number, startedAt: number): void {
    this.#servingSince = serving === 0 ? undefined : (this.#servingSince ?? this.#world.timeline.now);
    const isKnown = this.#servingSince !== undefined && startedAt > this.#servingSince + unseenMs;
    this.#emptyPasses = named === 0 && isKnown ? this.#emptyPasses + 1 : 0;
    if (this.#emptyPasses === passesToMend) {
      this.#violation('I3', `the front set is empty though ${serving} tasks serve`);
    }
  }

  #serving(): number {
    const { table } = this.#world;
    let count = 0;
    for (const process of table.processes.values()) {
      const order = table.orders.get(process.identity.taskId);
      if (process.isAccepting && (order === undefined || order.phase === 'serve')) count++;
    }
    return count;
  }

  /**
   * I4: what is held and of no use to a task. A look at one moment also finds what is just on its way: what
   * two looks find that are longer apart than anything is kept (policy.addresses.keepMs) is a leak.
   */
  leaks(): readonly string[] {
    const { group, tasks, addresses, dns, targets, table, policy, timeline } = this.#world;
    const found: string[] = [];
    const members = [...group.hosts.values()].filter((host) => host.isAlive && host.state !== 'gone');
    if (group.desired !== members.length) {
      found.push(`the group wants ${group.desired} hosts and has ${members.length}`);
    }
    const slots = new Map<string, string>();
    for (const host of members) {
      const task = tasks.onHost(host.hostId);
      if (task?.process?.isAlive !== true) {
        if (timeline.now - host.launchedAt > policy.hosts.leadMs + policy.hosts.startWithinMs) {
          found.push(`${host.hostId} runs without a task`);
        }
        continue;
      }
      const other = slots.get(task.slot);
      if (other !== undefined) found.push(`${task.slot} belongs to ${other} and to ${host.hostId}`);
      slots.set(task.slot, host.hostId);
      if (addresses.ofHost(host.hostId) === undefined) found.push(`${host.hostId} serves without an address`);
      if (task.process.phase !== 'serving') found.push(`${task.taskId} is still ${task.process.phase}`);
    }
    const unused = [...addresses.all.values()].filter(({ hostId }) => hostId === undefined);
    // Newer ones are the spares.
    for (const { addressId } of unused.slice(0, Math.max(0, unused.length - policy.addresses.spare))) {
      found.push(`${addressId} serves nobody`);
    }
    for (const [slot, ip] of Object.entries(dns.read().slots)) {
      const host = addresses.hostOf(ip);
      if (host === undefined || slots.get(slot) !== host) {
        // The name of a spare address's slot harms nobody, and is right again when it is used.
        const isSpare = unused.some((address) => address.ip === ip && address.slot === slot);
        if (!isSpare) found.push(`the name of ${slot} leads to ${ip}, which it does not have`);
      }
    }
    for (const target of targets.read()) {
      const host = members.find(({ privateIp }) => privateIp === target.targetId);
      if (host === undefined || slots.get(target.slot) !== host.hostId) {
        found.push(`the target of ${target.slot} is ${target.targetId}, which does not serve it`);
      }
    }
    for (const [taskId, process] of table.processes) {
      if (!process.isAlive) found.push(`the table still has the heartbeat of ${taskId}`);
    }
    for (const taskId of table.orders.keys()) {
      if (table.processes.get(taskId)?.isAlive !== true)
        found.push(`the table still has an order of ${taskId}`);
    }
    return found;
  }

  #violation(invariant: 'I1' | 'I2' | 'I3' | 'I4', text: string): void {
    this.#world.tally.violation(invariant, this.#world.timeline.now, text);
  }
}
