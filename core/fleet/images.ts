import type { Heartbeat } from './heartbeat.ts';
import type { ImageMark, Memory } from './memory.ts';
import { isEndedOnPurpose } from './stop-reason.ts';
import type { ReleaseFact, TaskFact } from './snapshot.ts';
import type { Situation } from './situation.ts';

/** What is known of the images, and which one new tasks get. */
export interface Images {
  readonly marks: Readonly<Record<string, ImageMark>>;
  /** What the fleet should run in the end: the released image, or the last good one while that is broken. */
  readonly target: string | undefined;
  /** What a task that is needed for its room gets: an image that has shown that it serves, if there is one. */
  readonly safe: string | undefined;
  /** The released image has to show itself, and no task of it is there yet. */
  readonly wantsCanary: boolean;
  /** Old tasks may be expired. */
  readonly mayRoll: boolean;
  readonly brokenRelease: boolean;
  /** The target is so new that old tasks may go on until they are empty. */
  readonly isPatient: boolean;
}

const noMark = (now: number): ImageMark => ({ firstSeenAt: now, failedTasks: [] });

/**
 * Tasks that ended, fell silent for long, or never served, before their image had shown that it can: also one that
 * served for a moment. Otherwise there would be one canary after the other.
 */
function failedBefore(
  task: TaskFact,
  heartbeat: Heartbeat | undefined,
  memory: Memory,
  hostsAlive: ReadonlySet<string>,
  { policy, now }: Situation,
): boolean {
  // A task whose host died says nothing about its image, nor does one that was sent away.
  if (!hostsAlive.has(task.hostId)) return false;
  if (task.status === 'stopped') return !isEndedOnPurpose(task.stoppedReason);
  const seenAt = memory.tasks[task.taskId]?.servedAt === undefined ? task.startedAt : heartbeat?.at;
  return now - (seenAt ?? now) > policy.hosts.startWithinMs;
}

/** @param memory with the task marks of this pass already in it. */
export function imagesOf(situation: Situation, memory: Memory): Images {
  const { policy, now, release, units, snapshot } = situation;
  const marks: Record<string, ImageMark> = { ...memory.images };
  if (release !== undefined) {
    marks[release.digest] = { ...(marks[release.digest] ?? noMark(now)), releasedAt: now };
  }

  const tasks = snapshot.sources.tasks?.value ?? [];
  const hostsAlive = new Set(units.map((unit) => unit.host.hostId));
  const heartbeats = new Map(units.map((unit) => [unit.task?.taskId, unit.heartbeat]));
  for (const unit of units) {
    const { task, state } = unit;
    if (task === undefined || state !== 'serving') continue;
    const mark = (marks[task.digest] ??= noMark(now));
    const servedAt = memory.tasks[task.taskId]?.servedAt ?? now;
    if (mark.goodAt === undefined && now - servedAt >= policy.rollout.canaryMs) {
      marks[task.digest] = { ...mark, goodAt: now };
    }
  }
  if (situation.isKnown('tasks') && situation.isKnown('heartbeats') && situation.isKnown('hosts')) {
    for (const task of tasks.toSorted((a, b) => (a.taskId < b.taskId ? -1 : 1))) {
      const mark = marks[task.digest];
      // Of a broken one no more is counted: a first deployment goes on trying for as long as it takes.
      if (mark === undefined || mark.goodAt !== undefined || mark.brokenAt !== undefined) continue;
      if (mark.failedTasks.includes(task.taskId)) continue;
      if (!failedBefore(task, heartbeats.get(task.taskId), memory, hostsAlive, situation)) continue;
      const failedTasks = [...mark.failedTasks, task.taskId];
      marks[task.digest] = {
        ...mark,
        failedTasks,
        ...(failedTasks.length >= policy.rollout.attempts ? { brokenAt: mark.brokenAt ?? now } : {}),
      };
    }
  }
  const choice = chosen(marks, release, situation);
  const goodAt = marks[choice.target ?? '']?.goodAt;
  const isPatient = goodAt !== undefined && now - goodAt < policy.rollout.patienceMs;
  return { marks, ...choice, isPatient: isPatient && !choice.brokenRelease };
}

function chosen(
  marks: Readonly<Record<string, ImageMark>>,
  release: ReleaseFact | undefined,
  { units }: Situation,
): Omit<Images, 'marks' | 'isPatient'> {
  const lastGood = lastGoodOf(marks);
  if (release === undefined) {
    return { target: lastGood, safe: lastGood, wantsCanary: false, mayRoll: false, brokenRelease: false };
  }
  const mark = marks[release.digest];
  const isGood = mark?.goodAt !== undefined;
  const isBroken = mark?.brokenAt !== undefined && !isGood;
  // With no good image there is nothing to fall back to: a first deployment goes on trying.
  if (lastGood === undefined) {
    const { digest } = release;
    return {
      target: digest,
      safe: digest,
      wantsCanary: false,
      mayRoll: false,
      brokenRelease: isBroken,
    };
  }
  if (isBroken) {
    return { target: lastGood, safe: lastGood, wantsCanary: false, mayRoll: true, brokenRelease: true };
  }
  const hasCanary = units.some(
    ({ task }) => task?.digest === release.digest && mark?.failedTasks.includes(task.taskId) !== true,
  );
  return {
    target: release.digest,
    safe: isGood ? release.digest : lastGood,
    wantsCanary: !isGood && !hasCanary,
    mayRoll: isGood,
    brokenRelease: false,
  };
}

function lastGoodOf(marks: Readonly<Record<string, ImageMark>>): string | undefined {
  let best: string | undefined;
  let at = -1;
  for (const [digest, { goodAt, releasedAt }] of Object.entries(marks)) {
    if (goodAt === undefined) continue;
    const last = releasedAt ?? goodAt;
    if (last > at || (last === at && digest < (best ?? ''))) [best, at] = [digest, last];
  }
  return best;
}
