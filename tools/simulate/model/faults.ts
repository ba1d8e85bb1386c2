import type { Random } from '../random.ts';
import type { Fate, Fates } from './calls.ts';
import type { World } from './world.ts';

/**
 * How often what goes wrong. Far more often than in a real account, so that a week of virtual time meets
 * every kind several times; docs/simulator.md compares. Rates per call are probabilities, the others are means.
 */
export interface FaultRates {
  readonly call: {
    readonly throttled: number;
    readonly unreachable: number;
    /** Of calls that change something: done, but the answer is lost. */
    readonly lost: number;
    /** Done after a minute and a half. */
    readonly slow: number;
    /** A list misses one of its items. */
    readonly omission: number;
  };
  readonly scheduler: {
    /** Of the ticks: never come; come twice. */
    readonly lostTick: number;
    readonly repeatedTick: number;
    /** Of the invocations: dies at some call. */
    readonly crash: number;
  };
  /** Host-hours between two of a kind. */
  readonly hoursBetween: {
    readonly hostDies: number;
    readonly taskDies: number;
    /** No heartbeats for some minutes, though it works. */
    readonly taskHangs: number;
  };
  /** Hours between two outages of the table. */
  readonly storeOutageHours: number;
  /** Hours between two times that somebody lowers the group's desired count. */
  readonly desiredLoweredHours: number;
  /** Of the image pushes: broken; two more within minutes. */
  readonly brokenPush: number;
  readonly triplePush: number;
}

export const noFaults: FaultRates = {
  call: { throttled: 0, unreachable: 0, lost: 0, slow: 0, omission: 0 },
  scheduler: { lostTick: 0, repeatedTick: 0, crash: 0 },
  hoursBetween: { hostDies: Infinity, taskDies: Infinity, taskHangs: Infinity },
  storeOutageHours: Infinity,
  desiredLoweredHours: Infinity,
  brokenPush: 0,
  triplePush: 0,
};

export const usualFaults: FaultRates = {
  call: { throttled: 0.001, unreachable: 0.001, lost: 0.002, slow: 0.000_5, omission: 0.000_5 },
  scheduler: { lostTick: 0.005, repeatedTick: 0.005, crash: 0.003 },
  hoursBetween: { hostDies: 10_000, taskDies: 5_000, taskHangs: 2_500 },
  storeOutageHours: 48,
  desiredLoweredHours: 72,
  brokenPush: 0.2,
  triplePush: 0.15,
};

/** So many times as often. What has a share of something is at most certain. */
export function moreOften(rates: FaultRates, factor: number): FaultRates {
  const share = (value: number): number => Math.min(1, value * factor);
  const { call, scheduler, hoursBetween } = rates;
  return {
    // All of a call's fates together stay well below one: the rest has to be done.
    call: {
      throttled: Math.min(0.1, call.throttled * factor),
      unreachable: Math.min(0.1, call.unreachable * factor),
      lost: Math.min(0.1, call.lost * factor),
      slow: Math.min(0.05, call.slow * factor),
      omission: Math.min(0.1, call.omission * factor),
    },
    scheduler: {
      lostTick: share(scheduler.lostTick),
      repeatedTick: share(scheduler.repeatedTick),
      crash: share(scheduler.crash),
    },
    hoursBetween: {
      hostDies: hoursBetween.hostDies / factor,
      taskDies: hoursBetween.taskDies / factor,
      taskHangs: hoursBetween.taskHangs / factor,
    },
    storeOutageHours: rates.storeOutageHours / factor,
    desiredLoweredHours: rates.desiredLoweredHours / factor,
    brokenPush: rates.brokenPush,
    triplePush: rates.triplePush,
  };
}

/** Dice for the calls of one program. */
export function randomFates(rates: FaultRates, random: Random, crashAtCall?: number): Fates {
  const { throttled, unreachable, lost, slow } = rates.call;
  return ({ kind, n }): Fate => {
    const isChange = kind === 'act' || kind === 'store-write';
    if (n === crashAtCall) return isChange && random.chance(0.5) ? 'crash-after' : 'crash-before';
    const roll = random.next();
    if (roll < throttled) return 'throttled';
    if (roll < throttled + unreachable) return 'unreachable';
    if (!isChange) return 'done';
    if (roll < throttled + unreachable + lost) return 'lost';
    return roll < throttled + unreachable + lost + slow ? 'slow' : 'done';
  };
}

const minuteMs = 60_000;
/** Longest silence of a task that works, and longest outage of the table. */
const silenceMs = [20_000, 20 * minuteMs] as const;
const outageMs = [20_000, 5 * minuteMs] as const;
/** How often the dice are thrown for hosts and tasks. */
const rollMs = minuteMs;

/** Plans what happens to hosts, tasks and the table from now on until `until`. */
export function plague(world: World, rates: FaultRates, random: Random, until: number): void {
  const { timeline } = world;
  const share = rollMs / 3_600_000;
  const roll = (): void => {
    for (const process of world.liveProcesses()) {
      // One number for each, so that a rate can be changed without moving the others' dice.
      const dice = random.next();
      const { hostDies, taskDies, taskHangs } = rates.hoursBetween;
      if (dice < share / hostDies) world.killHost(process.identity.hostId);
      else if (dice < share / hostDies + share / taskDies) world.killTask(process.identity.taskId);
      else if (dice < share / hostDies + share / taskDies + share / taskHangs) {
        world.silenceTask(process.identity.taskId, Math.round(random.between(...silenceMs)));
      }
    }
    if (timeline.now + rollMs < until) timeline.after(rollMs, roll);
  };
  timeline.after(rollMs, roll);
  const every = (meanHours: number, happens: () => void): void => {
    if (!Number.isFinite(meanHours)) return;
    timeline.after(Math.round(random.exponential(meanHours * 3_600_000)), () => {
      if (timeline.now >= until) return;
      happens();
      every(meanHours, happens);
    });
  };
  every(rates.storeOutageHours, () => world.storeOutage(Math.round(random.between(...outageMs))));
  every(rates.desiredLoweredHours, () => world.lowerDesired());
}
