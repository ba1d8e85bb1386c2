import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { FleetStore, PassReport } from '../../core/fleet/ports.ts';
import type { Policy } from '../../core/fleet/policy.ts';
import { startScheduler, type SchedulerLog } from '../../lambda/scheduler/loop.ts';
import { startForwarder } from './forwarder.ts';
import { Hosts } from './hosts.ts';
import type { Image, Images } from './images.ts';
import { createLocalInfrastructure } from './infrastructure.ts';
import { createNetwork } from './network.ts';
import { createResolver } from './resolver.ts';
import { createTargets } from './targets.ts';
import { Tasks, type LaunchTask, type RunningTask } from './tasks.ts';

export interface LocalFleetOptions {
  readonly policy: Policy;
  readonly images: Images;
  readonly launch: LaunchTask;
  readonly store: FleetStore;
  /** A folder for each host. */
  readonly folder: string;
  readonly bootMs: number;
  /** From the start of one pass of the scheduler to the next. */
  readonly passMs: number;
  /** Where encoders connect to. */
  readonly rtmp: { readonly host: string; readonly port: number };
  readonly clock: { now(): number };
  readonly random: () => number;
  readonly log: SchedulerLog;
  readonly say: (text: string) => void;
}

/** A task with its addresses, for tests, benches and the edge. */
export interface FleetTask extends RunningTask {
  readonly httpUrl: string | undefined;
  readonly inFront: boolean;
}

export interface LocalFleet {
  readonly rtmpPort: number;
  readonly policy: Policy;
  /** Those that run. */
  readonly tasks: readonly FleetTask[];
  /** HTTP base of what answers for a slot. */
  origin(slot: string): URL | undefined;
  /** Resolves when the front set names a task that runs. */
  serving(): Promise<void>;
  /** The scheduler's newest report. */
  readonly report: PassReport | undefined;
  /** After each pass. What it answers takes that back. */
  onPass(listener: (report: PassReport) => void): () => void;
  release(wish: { readonly broken: boolean }): Image;
  /** Pulls the plug of a host. False when there is none that runs. */
  killHost(hostId: string): Promise<boolean>;
  /** SIGKILL for a task; its host goes on. */
  killTask(taskId: string): Promise<void>;
  /** Tasks store what they have and end. Nothing of the fleet runs afterwards. */
  stop(): Promise<void>;
  /** At once. */
  kill(): Promise<void>;
}

/** Boot, process, a few passes take five seconds; a machine with other things to do may take long. */
const servingWithinMs = 60_000;

/** The fleet did not come up. */
export class FleetError extends Error {
  override readonly name = 'FleetError';
}

/** Hosts, network and tasks of this machine under the scheduler's own loop. */
export async function startLocalFleet(options: LocalFleetOptions): Promise<LocalFleet> {
  const { policy, clock, say } = options;
  const tasks = new Tasks({
    launch: options.launch,
    clock,
    newId: () => `task-${randomBytes(5).toString('hex')}`,
  });
  const network = createNetwork({ addressQuota: policy.addresses.quota });
  const hosts = new Hosts({
    folder: options.folder,
    bootMs: options.bootMs,
    desired: policy.hosts.min,
    maxHosts: policy.hosts.max,
    clock,
    say,
    endTasks: (hostId, how) => tasks.end(how, `${hostId} was terminated`, hostId),
    onGone: (hostId) => network.hostGone(hostId),
  });
  const targets = createTargets({ slots: policy.slots, hosts, tasks });

  const taskAt = (ip: string): RunningTask | undefined => {
    const hostId = network.addresses.find((address) => address.ip === ip)?.hostId;
    return hostId === undefined ? undefined : tasks.running.find((task) => task.hostId === hostId);
  };
  const forwarder = await startForwarder({
    ...options.rtmp,
    resolver: createResolver({
      zone: () => ({ ips: network.records.front, ttlS: network.frontTtlS }),
      clock,
      random: options.random,
    }),
    route: (ip) => {
      const task = taskAt(ip);
      const port = task?.ports['rtmp'];
      return task === undefined || port === undefined ? undefined : { host: task.bind, port };
    },
  });

  let report: PassReport | undefined;
  const listeners = new Set<(report: PassReport) => void>();
  const scheduler = startScheduler({
    infrastructure: createLocalInfrastructure({ hosts, tasks, network, targets, images: options.images }),
    store: options.store,
    policy,
    log: options.log,
    passMs: options.passMs,
    // Always the same: one that was killed with -9 has not given its lease back, and the folder's lock says that it is gone.
    holder: 'local',
    onPass: (newest) => {
      report = newest;
      for (const listener of listeners) listener(newest);
    },
  });

  const end = async (how: 'finish' | 'kill'): Promise<void> => {
    // A pass that is under way would start what is being ended.
    if (how === 'finish') await scheduler.stop();
    else void scheduler.stop();
    await hosts.close(() => tasks.close(how, 'the platform ends'));
    await forwarder.close();
  };

  return {
    rtmpPort: forwarder.port,
    policy,
    get tasks() {
      const front = new Set(network.records.front.flatMap((ip) => taskAt(ip)?.taskId ?? []));
      return tasks.running.map((task) => ({
        ...task,
        httpUrl: task.ports['http'] === undefined ? undefined : `http://${task.bind}:${task.ports['http']}`,
        inFront: front.has(task.taskId),
      }));
    },
    get report() {
      return report;
    },
    onPass: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    origin: (slot) => targets.origin(slot),
    serving: () =>
      new Promise((resolve, reject) => {
        const done = (): void => {
          clearTimeout(timer);
          listeners.delete(look);
        };
        const look = (): void => {
          if (!network.records.front.some((ip) => taskAt(ip)?.ports['rtmp'] !== undefined)) return;
          done();
          resolve();
        };
        const timer = setTimeout(() => {
          done();
          reject(new FleetError(`no ingest task served within ${servingWithinMs / 1000} s: ${why()}`));
        }, servingWithinMs);
        listeners.add(look);
        look();
      }),
    release: (wish) => options.images.push(wish),
    killHost: async (hostId) => {
      if (hosts.ready(hostId) === undefined) return false;
      await hosts.kill(hostId);
      return true;
    },
    killTask: (taskId) => tasks.crash(taskId),
    stop: () => end('finish'),
    kill: () => end('kill'),
  };

  function why(): string {
    const ended = tasks.facts.flatMap(({ stoppedReason }) => stoppedReason ?? []).at(-1);
    const note = report?.plan.notes.at(-1)?.text ?? report?.errors.at(-1)?.message;
    return ended ?? note ?? `see ${join(options.folder, '..', 'logs')}`;
  }
}
