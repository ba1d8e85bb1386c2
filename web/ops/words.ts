/** How the console names things. Colour never says alone what a word says too. */
import type { FleetView, HostView, ImageView } from '../../core/api/ops.ts';
import type { AlarmName } from '../../core/fleet/decision.ts';
import type { HeldShow } from '../../core/fleet/heartbeat.ts';
import type { LoggedDecision } from '../../core/fleet/ports.ts';
import type { TaskState } from '../../core/fleet/state.ts';

/** One word for a place of the fleet: the state of its task, or of the host while there is none. */
export type PlaceState = TaskState | Exclude<HostView['state'], 'in-use'>;

export function placeState({ state, task }: HostView): PlaceState {
  // A host that goes under a task is the greater news.
  if (task === undefined || state === 'terminating' || state === 'gone')
    return state === 'in-use' ? 'idle' : state;
  return task.state;
}

/** In the order of their urgency: what needs eyes stands first. */
export const placeStates = [
  'lost',
  'gone',
  'starting',
  'draining',
  'expired',
  'stopping',
  'serving',
  'idle',
  'launching',
  'terminating',
  'stopped',
] as const satisfies readonly PlaceState[];

/** From a newer scheduler there may come words that are not known here; they stand last. */
export const urgency = (state: string): number => {
  const place = placeStates.findIndex((each) => each === state);
  return place === -1 ? placeStates.length : place;
};

export const stateHelp: Readonly<Record<PlaceState, string>> = {
  lost: 'runs, but is not heard from: counts as holding broadcasts',
  gone: 'the host is gone, its task is still listed',
  starting: 'not yet heard from',
  draining: 'refuses new broadcasts, waits for its last one to end',
  expired: 'is to go, out of the front set; still takes what comes by an old DNS answer',
  stopping: 'empty, being stopped',
  serving: 'takes broadcasts',
  idle: 'a host without a task',
  launching: 'booting',
  terminating: 'being terminated',
  stopped: 'has ended',
};

export const capital = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1);

export const showWords: Readonly<Record<HeldShow['state'], string>> = {
  live: 'live',
  interrupted: 'interrupted',
  ending: 'being stored',
};

export const imageWords: Readonly<Record<ImageView['state'], string>> = {
  released: 'released',
  canary: 'canary',
  old: 'old',
  broken: 'broken',
};

export const rolloutWords: Readonly<Record<FleetView['rollout']['state'], string>> = {
  steady: 'steady',
  canary: 'canary',
  rolling: 'rolling',
  halted: 'halted',
};

const alarmTitles: Readonly<Record<AlarmName, string>> = {
  'stuck-drain': 'Stuck drain',
  'lost-task': 'Lost task',
  'broken-image': 'Broken image',
  'address-quota': 'Address quota',
  'room-short': 'Room is short',
  'stale-facts': 'Stale facts',
  'address-conflict': 'Address conflict',
  'invalid-plan': 'Invalid plan',
};

export const alarmTitle = (name: string): string =>
  Object.hasOwn(alarmTitles, name) ? alarmTitles[name as AlarmName] : capital(name.replaceAll('-', ' '));

/** Where the repository says what to do. */
export const runbookSection = (name: string): string => `docs/runbook.md#${name}`;

export const outcomeWords: Readonly<Record<LoggedDecision['outcome'], string>> = {
  done: 'done',
  failed: 'failed',
  planned: 'not done',
  note: 'note',
};

/** `sha256:c07ac07a…` → `c07ac07`. */
export const shortDigest = (digest: string): string =>
  digest === '' ? 'unknown' : digest.slice(digest.indexOf(':') + 1).slice(0, 7);

/** Ids of tasks are long and random: their beginning tells them apart. */
export const shortTask = (taskId: string): string => (taskId.length > 14 ? taskId.slice(0, 8) : taskId);

/** Points as typical broadcasts, of 1000 points each: 23,400 → `23.4`. */
export const room = (points: number): string => (points / 1000).toFixed(1);

export const percent = (share: number): string => `${Math.round(share * 100)} %`;

const units = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** `45 s`, `12 min`, `3 h 20 min`, `1 d 2 h`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const first = units.findIndex(([, length]) => seconds >= length);
  const [unit, length] = units[first === -1 ? 3 : first] ?? units[3];
  const whole = `${Math.floor(seconds / length)} ${unit}`;
  const below = units[first + 1];
  // `3 min` is exact enough; hours and days have their next unit beside them.
  if (below === undefined || length <= 60) return whole;
  const rest = Math.floor((seconds % length) / below[1]);
  return rest === 0 ? whole : `${whole} ${rest} ${below[0]}`;
}

/** As short as fits into a bar: `45s`, `12m`, `3h`, `2d`. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3_600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

const pad = (n: number): string => String(n).padStart(2, '0');

/** By the clock on the wall. */
export function clock(ms: number): string {
  const date = new Date(ms);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/** With the day when it is not today's. */
export function stamp(ms: number, nowMs: number): string {
  const date = new Date(ms);
  return date.toDateString() === new Date(nowMs).toDateString()
    ? clock(ms)
    : `${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${clock(ms)}`;
}
