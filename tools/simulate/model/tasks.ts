import { FleetCallError } from '../../../core/fleet/ports.ts';
import type { TaskFact } from '../../../core/fleet/snapshot.ts';
import type { Host } from './group.ts';
import { Listing } from './listing.ts';
import { draw, stoppedListedMs, stopTimeoutMs, type Surroundings } from './parts.ts';
import { IngestProcess } from './process.ts';
import type { Killer } from './tally.ts';

/** What an image does when it is started: a broken one exits, or runs and never serves. */
export type ImageKind = 'good' | 'exits' | 'never-serves';

export interface Task {
  readonly taskId: string;
  readonly host: Host;
  readonly slot: string;
  readonly digest: string;
  readonly token: string;
  readonly startedAt: number;
  status: TaskFact['status'];
  stoppedAt: number | undefined;
  stoppedReason: string | undefined;
  process: IngestProcess | undefined;
}

export interface TaskListener {
  readonly processStarts: (task: Task, process: IngestProcess) => void;
  /** Whatever it held is cut off. */
  readonly processEnds: (task: Task, process: IngestProcess, by: Killer) => void;
  readonly taskStopped: (task: Task) => void;
}

/** ECS: one task on a host, because of the host ports; started by us on a chosen host. */
export class Tasks {
  /** All that are not stopped, and those that stopped in the last hour. */
  readonly all = new Map<string, Task>();
  /** Not stopped. */
  readonly #byHost = new Map<string, Task>();
  readonly #byToken = new Map<string, Task>();
  readonly #world: Surroundings;
  readonly #listener: TaskListener;
  readonly #imageKind: (digest: string) => ImageKind;
  readonly #listing: Listing<TaskFact>;
  #count = 0;

  constructor(world: Surroundings, listener: TaskListener, imageKind: (digest: string) => ImageKind) {
    this.#world = world;
    this.#listener = listener;
    this.#imageKind = imageKind;
    this.#listing = new Listing(world);
  }

  read(): readonly TaskFact[] {
    return this.#listing.read();
  }

  onHost(hostId: string): Task | undefined {
    return this.#byHost.get(hostId);
  }

  start(host: Host | undefined, slot: string, digest: string, token: string): void {
    if (this.#byToken.has(token)) return;
    if (host === undefined || !host.isReady) {
      throw new FleetCallError('no container instance, or its agent is not connected', { kind: 'refused' });
    }
    if (this.onHost(host.hostId) !== undefined) {
      throw new FleetCallError(`RESOURCE:PORTS on ${host.hostId}`, { kind: 'refused' });
    }
    const task: Task = {
      taskId: `task-${String(++this.#count).padStart(5, '0')}`,
      host,
      slot,
      digest,
      token,
      startedAt: this.#world.timeline.now,
      status: 'pending',
      stoppedAt: undefined,
      stoppedReason: undefined,
      process: undefined,
    };
    this.all.set(task.taskId, task);
    this.#byHost.set(host.hostId, task);
    this.#byToken.set(token, task);
    this.#publish(task);
    this.#later(host.images.has(digest) ? 'startMs' : 'pullMs', () => this.#run(task));
  }

  /** StopTask: SIGTERM, then the process drains; SIGKILL when it takes too long. */
  stop(taskId: string, reason: string, by: Killer): void {
    const task = this.all.get(taskId);
    if (task === undefined || task.status === 'stopped' || task.status === 'stopping') return;
    task.status = 'stopping';
    task.stoppedReason = reason;
    this.#publish(task);
    const { process } = task;
    if (process === undefined || !process.isAlive) {
      this.#stopLater(task);
      return;
    }
    process.terminate(this.#world.timeline.now);
    this.#exitWhenEmpty(task, process, this.#world.timeline.now + stopTimeoutMs, by);
  }

  /** The process is gone by itself: a crash, a broken image. */
  crash(task: Task, reason: string, by: Killer): void {
    if (task.process?.isAlive === true) this.#endProcess(task, task.process, by);
    if (task.status === 'stopped') return;
    task.stoppedReason ??= reason;
    this.#stopLater(task);
  }

  /** Nothing of it runs any more, but ECS does not know yet. */
  hostEnds(host: Host, by: Killer): void {
    const task = this.onHost(host.hostId);
    if (task?.process?.isAlive === true) this.#endProcess(task, task.process, by);
  }

  hostGone(host: Host): void {
    const task = this.onHost(host.hostId);
    if (task === undefined) return;
    task.stoppedReason ??= 'Host EC2 (instance) terminated';
    this.#stopLater(task);
  }

  #run(task: Task): void {
    if (task.status !== 'pending' || !task.host.isAlive) return;
    task.host.images.add(task.digest);
    task.status = 'running';
    this.#publish(task);
    const kind = this.#imageKind(task.digest);
    this.#later('processMs', () => {
      if (task.status !== 'running' || !task.host.isAlive) return;
      if (kind === 'exits') {
        this.crash(task, 'Essential container in task exited', 'fault');
        return;
      }
      const { timeline, random, policy } = this.#world;
      const process = new IngestProcess(
        { taskId: task.taskId, slot: task.slot, hostId: task.host.hostId, digest: task.digest },
        {
          policy,
          now: timeline.now,
          storedAfterMs: Math.round(random.between(50, 1_000)),
          isStuck: kind === 'never-serves',
        },
      );
      task.process = process;
      this.#listener.processStarts(task, process);
    });
  }

  #exitWhenEmpty(task: Task, process: IngestProcess, killAt: number, by: Killer): void {
    const { timeline } = this.#world;
    if (!process.isAlive) return;
    if (process.isEmpty || timeline.now >= killAt) {
      this.#endProcess(task, process, by);
      this.#stopLater(task);
    } else {
      timeline.after(1_000, () => this.#exitWhenEmpty(task, process, killAt, by));
    }
  }

  #endProcess(task: Task, process: IngestProcess, by: Killer): void {
    process.end(this.#world.timeline.now);
    this.#listener.processEnds(task, process, by);
  }

  #stopLater(task: Task): void {
    this.#later('stoppedMs', () => {
      if (task.status === 'stopped') return;
      task.status = 'stopped';
      this.#byHost.delete(task.host.hostId);
      task.stoppedAt = this.#world.timeline.now;
      this.#publish(task);
      this.#listener.taskStopped(task);
      this.#world.timeline.after(stoppedListedMs, () => {
        this.all.delete(task.taskId);
        this.#byToken.delete(task.token);
        this.#publish(task);
      });
    });
  }

  #publish(task: Task): void {
    this.#listing.publish(task.taskId, () =>
      this.all.has(task.taskId)
        ? {
            taskId: task.taskId,
            hostId: task.host.hostId,
            slot: task.slot,
            digest: task.digest,
            status: task.status,
            startedAt: task.startedAt,
            ...(task.stoppedAt === undefined ? {} : { stoppedAt: task.stoppedAt }),
            ...(task.stoppedReason === undefined ? {} : { stoppedReason: task.stoppedReason }),
          }
        : undefined,
    );
  }

  #later(name: Parameters<typeof draw>[1], run: () => void): void {
    this.#world.timeline.after(draw(this.#world.random, name), run);
  }
}
