import { defaultPolicy, type Policy } from '../../../core/fleet/policy.ts';
import type { FleetStore, Infrastructure } from '../../../core/fleet/ports.ts';
import type { EventPlan, OperatorRequest, ReleaseFact } from '../../../core/fleet/snapshot.ts';
import type { Clock } from '../../../lambda/scheduler/clock.ts';
import { Random } from '../random.ts';
import type { Wish } from '../trace/trace.ts';
import { Addresses } from './addresses.ts';
import { allDone, Line, type Fates } from './calls.ts';
import { Checks } from './checks.ts';
import { Dns } from './dns.ts';
import { Encoder, type Ingest } from './encoder.ts';
import { Group } from './group.ts';
import { connectInfrastructure, type Account } from './infrastructure.ts';
import type { Surroundings } from './parts.ts';
import type { IngestProcess } from './process.ts';
import { connectStore, FleetTable } from './store.ts';
import { Tally, type Killer } from './tally.ts';
import { Targets } from './targets.ts';
import { Tasks, type ImageKind, type Task } from './tasks.ts';
import { Timeline } from './timeline.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly now: number;
  readonly policy?: Policy;
  /** Probability that a list of hosts or tasks misses one of its items. */
  readonly omission?: number;
  /** False: lists show every change at once. */
  readonly listsLag?: boolean;
  /** Share of encoders that try another address when the first does not answer. */
  readonly fallbackShare?: number;
}

/** What one program (one invocation of the Lambda) works with. */
export interface Connection {
  readonly infrastructure: Infrastructure;
  readonly store: FleetStore;
  /** Virtual time (lambda/scheduler/clock.ts); it wakes nobody who is dead. */
  readonly clock: Clock;
  /** Resolves when a fate has killed the program: nothing that it awaits will ever answer. */
  readonly crashed: Promise<void>;
  /** Calls made so far. */
  readonly calls: () => number;
}

export interface WorldListener {
  readonly hostLaunched?: (hostId: string) => void;
  /** It costs nothing from here on. */
  readonly hostTerminated?: (hostId: string) => void;
  readonly taskServes?: (taskId: string, digest: string) => void;
  /** `hasServed`: its process came up. */
  readonly taskStopped?: (taskId: string, digest: string, hasServed: boolean) => void;
  readonly broadcastCut?: (by: Killer, broadcastId: string, taskId: string) => void;
}

/** A model of the account, its hosts and tasks, DNS, and the encoders. Seeded: the same calls, the same world. */
export class World {
  readonly timeline: Timeline;
  readonly policy: Policy;
  readonly tally = new Tally();
  readonly group: Group;
  readonly tasks: Tasks;
  readonly addresses: Addresses;
  readonly dns: Dns;
  readonly targets: Targets;
  readonly table: FleetTable;
  readonly checks: Checks;
  /** What the world does not hinder: for tests, and for whoever needs no faults. */
  readonly infrastructure: Infrastructure;
  readonly store: FleetStore;
  readonly listeners: WorldListener[] = [];
  readonly #random: Random;
  readonly #account: Account;
  readonly #ingest: Ingest;
  readonly #images = new Map<string, ImageKind>();
  #release: ReleaseFact;
  #storeOutUntil = 0;
  #omission: number;
  #broadcasts = 0;

  constructor(options: WorldOptions) {
    const { seed, policy = defaultPolicy } = options;
    this.policy = policy;
    this.timeline = new Timeline(options.now);
    this.#random = new Random(seed, 'world');
    const surroundings: Surroundings = {
      timeline: this.timeline,
      random: this.#random,
      policy,
      listsLag: options.listsLag ?? true,
    };
    this.#release = Object.freeze({ digest: 'sha256:0001', pushedAt: options.now });
    this.#images.set(this.#release.digest, 'good');
    this.table = new FleetTable(this.timeline);
    this.addresses = new Addresses(surroundings, (hostId) => {
      const host = this.group.hosts.get(hostId);
      return host !== undefined && (host.state === 'launching' || host.state === 'running');
    });
    this.dns = new Dns(surroundings);
    this.group = new Group(surroundings, {
      hostLaunched: ({ hostId }) => {
        this.tally.launches++;
        for (const listener of this.listeners) listener.hostLaunched?.(hostId);
      },
      hostEnds: (host, by) => {
        this.tasks.hostEnds(host, by);
        this.targets.changed(host.privateIp);
      },
      hostTerminates: ({ hostId }) => {
        for (const listener of this.listeners) listener.hostTerminated?.(hostId);
      },
      hostGone: (host) => {
        this.tasks.hostGone(host);
        this.addresses.hostGone(host.hostId);
      },
    });
    this.tasks = new Tasks(
      surroundings,
      {
        processStarts: (task, process) => this.#processStarts(task, process),
        processEnds: (task, process, by) => this.#processEnds(task, process, by),
        taskStopped: ({ taskId, digest, process }) => {
          const hasServed = process !== undefined;
          for (const listener of this.listeners) listener.taskStopped?.(taskId, digest, hasServed);
        },
      },
      (digest) => this.#images.get(digest) ?? 'good',
    );
    this.targets = new Targets(surroundings, (privateIp) => this.#servesBehind(privateIp));
    this.#ingest = {
      ...surroundings,
      tally: this.tally,
      people: new Random(seed, 'people'),
      graceMs: policy.graceMs,
      fallbackShare: options.fallbackShare ?? 0,
      resolve: (resolver) => this.dns.resolve(resolver),
      someResolver: () => this.dns.someResolver(this.#ingest.people),
      processAt: (ip) => this.processAt(ip),
      newBroadcastId: () => `b-${++this.#broadcasts}`,
      encoderOf: new Map(),
      passengersOf: new Map(),
      peers: () =>
        this.table.peers.map(({ taskId, slots }) => ({
          process: this.table.processes.get(taskId),
          slots,
        })),
    };
    const omissions = new Random(seed, 'omissions');
    this.#omission = options.omission ?? 0;
    this.#account = {
      ...surroundings,
      tally: this.tally,
      group: this.group,
      tasks: this.tasks,
      addresses: this.addresses,
      dns: this.dns,
      targets: this.targets,
      table: this.table,
      processAt: (ip) => this.processAt(ip),
      release: () => this.#release,
      omit: (list) => {
        if (list.length === 0 || !omissions.chance(this.#omission)) return list;
        this.tally.fault('omitted from a list');
        return list.toSpliced(omissions.below(list.length), 1);
      },
    };
    this.checks = new Checks(this.#account);
    const { infrastructure, store } = this.connect();
    this.infrastructure = infrastructure;
    this.store = store;
  }

  get now(): number {
    return this.timeline.now;
  }

  advance(to: number): void {
    this.timeline.advance(to);
  }

  /** A line for one program; without fates every call is done. */
  connect(fates: Fates = allDone): Connection {
    const line = new Line({
      timeline: this.timeline,
      random: this.#random,
      tally: this.tally,
      fates: (call) => {
        const isTable = call.kind === 'store-read' || call.kind === 'store-write';
        return isTable && this.now < this.#storeOutUntil ? 'unreachable' : fates(call);
      },
    });
    return {
      infrastructure: connectInfrastructure(this.#account, this.checks, line),
      store: connectStore(this.table, line, { ordered: (order, before) => this.#ordered(order, before) }),
      clock: {
        now: () => this.now,
        after: (ms, callback) =>
          this.timeline.wakeAfter(ms, () => {
            if (!line.isCrashed) callback();
          }),
      },
      crashed: line.crashed,
      calls: () => line.calls,
    };
  }

  // What people do

  encoderComes(wish: Wish): Encoder {
    return new Encoder(this.#ingest, wish);
  }

  /** `docker image push` to the release tag. */
  push(digest: string, kind: ImageKind): void {
    this.#images.set(digest, kind);
    this.#release = Object.freeze({ digest, pushedAt: this.now });
  }

  get released(): string {
    return this.#release.digest;
  }

  plans(events: readonly EventPlan[]): void {
    this.table.events = events;
  }

  asks(request: OperatorRequest): void {
    this.table.requests = [...this.table.requests, request];
  }

  // What goes wrong

  killHost(hostId: string): void {
    const host = this.group.hosts.get(hostId);
    if (host === undefined || !host.isAlive) return;
    this.tally.fault('host died');
    this.group.breakDown(host);
  }

  killTask(taskId: string): void {
    const task = this.tasks.all.get(taskId);
    if (task?.process?.isAlive !== true) return;
    this.tally.fault('task died');
    this.tasks.crash(task, 'OutOfMemoryError: container killed', 'fault');
  }

  /** Somebody at the console thinks that there are too many. */
  lowerDesired(): void {
    this.tally.fault('desired count lowered');
    this.group.lowerDesired(this.group.desired - 1);
  }

  /** It works, but nothing that it writes arrives. */
  silenceTask(taskId: string, ms: number): void {
    const process = this.tasks.all.get(taskId)?.process;
    if (process?.isAlive !== true) return;
    this.tally.fault('task silent');
    process.silence(this.now, this.now + ms);
  }

  /** No list misses an item any more. */
  listsAreWhole(): void {
    this.#omission = 0;
  }

  /** Neither the scheduler nor the tasks reach the table. */
  storeOutage(ms: number): void {
    this.tally.fault('table out');
    this.#storeOutUntil = Math.max(this.#storeOutUntil, this.now + ms);
    for (const process of this.liveProcesses()) process.silence(this.now, this.now + ms);
  }

  // What is true

  liveProcesses(): readonly IngestProcess[] {
    return [...this.table.processes.values()].filter((process) => process.isAlive);
  }

  processAt(ip: string): IngestProcess | undefined {
    const hostId = this.addresses.hostOf(ip);
    if (hostId === undefined) return undefined;
    const process = this.tasks.onHost(hostId)?.process;
    return process?.isAlive === true ? process : undefined;
  }

  #servesBehind(privateIp: string): boolean {
    for (const host of this.group.hosts.values()) {
      if (host.privateIp === privateIp) return this.tasks.onHost(host.hostId)?.process?.isAlive === true;
    }
    return false;
  }

  #processStarts(task: Task, process: IngestProcess): void {
    this.tally.taskStarts++;
    for (const other of this.liveProcesses()) {
      if (other.identity.slot !== task.slot) continue;
      this.tally.violation('I8', this.now, `${task.slot} is ${task.taskId}'s and ${other.identity.taskId}'s`);
    }
    this.table.processes.set(task.taskId, process);
    if (this.now < this.#storeOutUntil) process.silence(this.now, this.#storeOutUntil);
    this.targets.changed(task.host.privateIp);
    const order = this.table.orders.get(task.taskId);
    if (order !== undefined) this.#obeyAtNextBeat(process);
    for (const listener of this.listeners) listener.taskServes?.(task.taskId, task.digest);
  }

  #processEnds(task: Task, process: IngestProcess, by: Killer): void {
    this.targets.changed(task.host.privateIp);
    for (const { broadcastId } of process.shows) {
      const encoder = this.#ingest.encoderOf.get(broadcastId);
      if (encoder === undefined || !encoder.isHeldBy(process)) continue;
      this.tally.cut[by]++;
      for (const listener of this.listeners) listener.broadcastCut?.(by, broadcastId, task.taskId);
      encoder.processEnded();
    }
    const passengers = this.#ingest.passengersOf.get(process);
    this.#ingest.passengersOf.delete(process);
    for (const passenger of passengers ?? []) {
      this.tally.cut[by]++;
      passenger.passerEnded();
    }
  }

  #ordered(...[order, before]: Parameters<Checks['expires']>): void {
    this.checks.expires(order, before);
    const process = this.table.processes.get(order.taskId);
    if (process !== undefined) this.#obeyAtNextBeat(process);
  }

  /** With each heartbeat a task reads its order. */
  #obeyAtNextBeat(process: IngestProcess): void {
    const beat = process.nextBeat(this.now);
    this.timeline.at(beat, () => {
      if (process.isSilent(beat)) {
        this.#obeyAtNextBeat(process);
        return;
      }
      const order = this.table.orders.get(process.identity.taskId);
      if (order !== undefined) process.obey(order, beat);
    });
  }
}

export const createWorld = (options: WorldOptions): World => new World(options);
