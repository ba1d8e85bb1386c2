import type { LoggedDecision, PassReport } from '../../core/fleet/ports.ts';
import { isToGo } from '../../core/fleet/state.ts';
import type { World } from './model/world.ts';

/** The world at one moment, for the curves of the report. Points as in core/fleet/cost.ts. */
export interface Sample {
  readonly at: number;
  readonly live: number;
  readonly usedPoints: number;
  /** On tasks that take newcomers: what the planner plans to. */
  readonly servingRoom: number;
  readonly wantedPoints: number;
  readonly hosts: number;
  readonly serving: number;
  readonly toGo: number;
  readonly front: number;
  readonly longestDrainMs: number;
  /** CPU of the hosts whose tasks serve: least, mean and most. */
  readonly cpu: readonly [number, number, number];
  /** Tasks by image, oldest first. */
  readonly images: readonly (readonly [string, number])[];
}

export interface Recording {
  readonly samples: readonly Sample[];
  /** What was done, by reason and action. */
  readonly decisions: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Passes in which an alarm stood, by its name. */
  readonly alarms: ReadonlyMap<string, number>;
}

const sampleMs = 5 * 60_000;

export class Recorder implements Recording {
  readonly samples: Sample[] = [];
  readonly decisions = new Map<string, Map<string, number>>();
  readonly alarms = new Map<string, number>();
  #last: PassReport | undefined;

  begins(world: World, start: number, end: number): void {
    world.table.onLog = (lines) => this.#log(lines);
    const sample = (): void => {
      this.samples.push(this.#sample(world));
      if (world.now + sampleMs <= end) world.timeline.after(sampleMs, sample);
    };
    world.timeline.at(start, sample);
  }

  pass(report: PassReport): void {
    this.#last = report;
    for (const { name } of report.plan.alarms) this.alarms.set(name, (this.alarms.get(name) ?? 0) + 1);
  }

  #log(lines: readonly LoggedDecision[]): void {
    for (const { outcome, reason, action } of lines) {
      if (outcome !== 'done') continue;
      const actions = this.decisions.get(reason) ?? new Map<string, number>();
      actions.set(action, (actions.get(action) ?? 0) + 1);
      this.decisions.set(reason, actions);
    }
  }

  #sample(world: World): Sample {
    const { policy, table } = world;
    const front = new Set(world.dns.read().front.flatMap((ip) => world.processAt(ip) ?? []));
    let live = 0;
    let usedPoints = 0;
    let serving = 0;
    let toGo = 0;
    let [least, sum, most] = [Infinity, 0, 0];
    const images = new Map<string, number>();
    for (const process of world.liveProcesses()) {
      live += process.shows.length;
      usedPoints += process.points;
      images.set(process.identity.digest, (images.get(process.identity.digest) ?? 0) + 1);
      if (isToGo(table.orders.get(process.identity.taskId)) || !process.isAccepting) {
        toGo++;
        continue;
      }
      serving++;
      const { cpu } = process;
      least = Math.min(least, cpu);
      most = Math.max(most, cpu);
      sum += cpu;
    }
    const hosts = [...world.group.hosts.values()].filter(
      ({ state }) => state === 'launching' || state === 'running',
    );
    const figures = this.#last?.plan.figures;
    return {
      at: world.now,
      live,
      usedPoints,
      servingRoom: serving * policy.hosts.roomPoints,
      wantedPoints: figures?.wantedPoints ?? 0,
      hosts: hosts.length,
      serving,
      toGo,
      front: front.size,
      longestDrainMs: figures?.longestDrainMs ?? 0,
      cpu: serving === 0 ? [0, 0, 0] : [least, sum / serving, most],
      images: [...images].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    };
  }
}
