import type { HeldShow, Heartbeat } from '../../../core/fleet/heartbeat.ts';
import { defaultPolicy, type Policy } from '../../../core/fleet/policy.ts';
import { runScheduler, type SchedulerResult } from '../../../lambda/scheduler/loop.ts';
import { connect, type Fates, type Line } from '../../fakes/fleet/line.ts';
import { newStage, slots, type Stage } from './harness.ts';

export const images = { first: 'sha256:first', second: 'sha256:second' } as const;

/** The default policy with everything that is waited for made short, and room for four hosts. */
export const quickPolicy: Policy = {
  ...defaultPolicy,
  slots,
  hosts: { ...defaultPolicy.hosts, min: 2, max: 4, startWithinMs: 60_000 },
  front: { ...defaultPolicy.front, ttlS: 5, slackMs: 10_000, minAddresses: 1 },
  rollout: { ...defaultPolicy.rollout, canaryMs: 10_000, patienceMs: 30_000 },
  scaleIn: { idleMs: 20_000, afterScaleOutMs: 20_000 },
  addresses: { quota: 4, spare: 0, keepMs: 60_000 },
};

/** The process of a task, as far as the scheduler sees it. */
interface Process {
  heartbeat: Heartbeat;
  show: HeldShow | undefined;
}

const beatMs = 5_000;

/** A world whose hosts boot, whose tasks beat and obey, and to which encoders come, while the clock runs. */
export class LivingFleet {
  readonly stage: Stage = newStage({ digest: images.first });
  /** What must never happen, and did. */
  readonly harm: string[] = [];
  readonly #processes = new Map<string, Process>();
  #shows = 0;

  constructor() {
    const tick = (): void => {
      this.#live();
      this.stage.clock.after(beatMs, tick);
    };
    tick();
  }

  /** An encoder comes to a task that takes it, by an answer of DNS: of this moment, or an old one. */
  publish(which: number): void {
    const open = [...this.#processes.values()].filter(
      ({ heartbeat, show }) => heartbeat.accepting && show === undefined,
    );
    const process = open[which % Math.max(1, open.length)];
    if (process === undefined) return;
    this.#shows += 1;
    process.show = {
      broadcastId: `show-${this.#shows}`,
      state: 'live',
      points: 1_000,
      startedAt: this.stage.clock.now(),
      session: 1,
    };
  }

  endShows(): void {
    for (const process of this.#processes.values()) process.show = undefined;
  }

  get shows(): number {
    return [...this.#processes.values()].filter(({ show }) => show !== undefined).length;
  }

  /** An invocation of the Lambda each minute; those that crash are silent from then on. */
  async invoke(
    minutes: number,
    options: { readonly fates?: Fates; readonly onCall?: (name: string) => void } = {},
  ): Promise<{
    readonly lines: readonly Line[];
    readonly results: readonly (SchedulerResult | undefined)[];
  }> {
    const { clock, world, store, log } = this.stage;
    const lines: Line[] = [];
    const results: (SchedulerResult | undefined)[] = [];
    let made = 0;
    for (let minute = 0; minute < minutes; minute += 1) {
      const end = clock.now() + 60_000;
      const line = connect(world, store, {
        // Numbers go on from one invocation to the next.
        fates: ({ name }) => {
          made += 1;
          return options.fates?.({ name, n: made - 1 }) ?? 'done';
        },
        before: (name) => {
          options.onCall?.(name);
          this.#watch();
        },
      });
      const running = runScheduler({
        ...line,
        policy: quickPolicy,
        log,
        clock,
        until: end - 10_000,
      });
      const ended = new Promise<undefined>((resolve) => {
        clock.after(end - clock.now(), () => resolve(undefined));
      });
      results.push(await clock.run(Promise.race([running.catch(() => undefined), ended])));
      await clock.run(ended);
      lines.push(line);
      this.#watch();
    }
    return { lines, results };
  }

  /** What is not as it has to be in a fleet where everything has come to rest on one image; empty when all is well. */
  unrest(digest: string): readonly string[] {
    const { world, store } = this.stage;
    const tasks = [...world.tasks.values()].filter(({ status }) => status !== 'stopped');
    const hosts = [...world.hosts.values()].filter(({ state }) => state !== 'gone');
    const addresses = [...world.addresses.values()];
    const hostOf = (hostId: string | undefined) => hosts.find((host) => host.hostId === hostId);
    const alive = new Set(tasks.map(({ taskId }) => taskId));
    const inOrder = (texts: readonly string[]): string => texts.toSorted().join(', ');
    const pairs: readonly (readonly [string, string, string])[] = [
      ['images', inOrder(tasks.map((task) => task.digest)), inOrder(tasks.map(() => digest))],
      ['hosts', inOrder(hosts.map(({ hostId }) => hostId)), inOrder(tasks.map(({ hostId }) => hostId))],
      ['desired', String(world.desired), String(hosts.length)],
      [
        'addresses',
        inOrder(addresses.map(({ slot, hostId }) => `${slot} ${hostId ?? 'none'}`)),
        inOrder(tasks.map(({ slot, hostId }) => `${slot} ${hostId}`)),
      ],
      [
        'records',
        inOrder([...world.slotRecords].map(([slot, ip]) => `${slot} ${ip}`)),
        inOrder(addresses.map(({ slot, ip }) => `${slot} ${ip}`)),
      ],
      [
        'targets',
        inOrder([...world.targets]),
        inOrder(tasks.map(({ slot, hostId }) => `${slot} ${hostOf(hostId)?.privateIp ?? 'none'}`)),
      ],
      ['front', inOrder(world.front.filter((ip) => addresses.every((address) => address.ip !== ip))), ''],
      ['heartbeats', inOrder(store.heartbeats().map(({ taskId }) => taskId)), inOrder([...alive])],
      ['orders', inOrder(store.orders().flatMap(({ taskId }) => (alive.has(taskId) ? [] : taskId))), ''],
    ];
    const few = tasks.length < quickPolicy.hosts.min || world.front.length === 0;
    return [
      ...this.harm,
      ...(few ? [`${tasks.length} tasks, ${world.front.length} addresses in front`] : []),
      ...pairs.flatMap(([what, is, shouldBe]) => (is === shouldBe ? [] : `${what}: ${is} but ${shouldBe}`)),
    ];
  }

  /** Nobody may have been cut off. */
  #watch(): void {
    const { tasks, hosts } = this.stage.world;
    for (const [taskId, { show }] of this.#processes) {
      const task = tasks.get(taskId);
      if (show === undefined || task === undefined) continue;
      const host = hosts.get(task.hostId);
      if (task.status === 'stopping' || task.status === 'stopped' || host?.state !== 'running')
        this.harm.push(`${taskId} was ${task.status} with ${show.broadcastId}`);
    }
  }

  #live(): void {
    const { world, store, clock } = this.stage;
    this.#watch();
    world.settle();
    for (const task of world.tasks.values()) {
      if (task.status !== 'running') {
        if (task.status === 'stopped') this.#processes.delete(task.taskId);
        continue;
      }
      const process = this.#processes.get(task.taskId);
      const before = process?.heartbeat;
      const heartbeat: Heartbeat = {
        ...(before ?? {
          taskId: task.taskId,
          slot: task.slot,
          hostId: task.hostId,
          digest: task.digest,
          startedAt: clock.now(),
          accepting: true,
          full: false,
          phase: 'serving',
          obeys: 0,
          roomPoints: 4_000,
          cpu: 0.1,
          unstoredBytes: 0,
        }),
        at: clock.now(),
        sequence: (before?.sequence ?? 0) + 1,
        shows: process?.show === undefined ? [] : [process.show],
      };
      const order = store.beat(heartbeat);
      // What an order changes is in the next heartbeat.
      this.#processes.set(task.taskId, {
        show: process?.show,
        heartbeat:
          order === undefined || order.generation <= heartbeat.obeys
            ? heartbeat
            : {
                ...heartbeat,
                obeys: order.generation,
                accepting: order.phase !== 'drain',
                phase: order.phase === 'drain' ? 'draining' : 'serving',
              },
      });
    }
  }
}
