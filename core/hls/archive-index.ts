import type { EventEntry } from './event-playlist.ts';

/**
 * What a list of segments must look like over all renditions, whatever was lost on the way: media sequence
 * numbers without a hole, runs that never go back, a discontinuity exactly where the run changes.
 */

/** A segment that lies in the spool or in the store and is not in the playlist yet. */
export interface FoundSegment extends EventEntry {
  readonly rendition: string;
}

/**
 * How far a number may jump ahead: an hour of 2 s segments. A longer jump is not a loss but an error, and
 * filling it would fill the memory.
 */
export const longestHole = 1_800;

/** Order in which runs of one broadcast started: by session, then by attempt. */
export function compareRuns(a: string, b: string): number {
  const [sessionA = 0, attemptA = 0] = a.split('-').map(Number);
  const [sessionB = 0, attemptB = 0] = b.split('-').map(Number);
  return sessionA - sessionB || attemptA - attemptB;
}

/**
 * Chooses among found segments those that can go on where the lists end, in the order to append them.
 * Left out are: numbers that are listed already; where two runs have the same number, the older run (a
 * task that had lost the broadcast stored it late, when its successor had begun to count from there); and
 * numbers that jump too far.
 * @param listed what stands at the end of each rendition's list.
 */
export function selectFound(
  listed: ReadonlyMap<string, EventEntry | undefined>,
  found: readonly FoundSegment[],
): { readonly usable: readonly FoundSegment[]; readonly stale: readonly FoundSegment[] } {
  const usable: FoundSegment[] = [];
  const stale: FoundSegment[] = [];
  const ends = [...listed.values()].filter((entry) => entry !== undefined);
  const byMsn = Map.groupBy(found, (segment) => segment.msn);
  let lastMsn = Math.max(-1, ...ends.map((entry) => entry.msn));
  let lastRun = '0-0';
  for (const msn of [...byMsn.keys()].sort((a, b) => a - b)) {
    const candidates = byMsn.get(msn) ?? [];
    const runs = candidates.map((segment) => segment.run);
    // Another rendition's list may have this number already: its run is the one that counts.
    for (const end of ends) if (end.msn <= msn) runs.push(end.run);
    const run = [lastRun, ...runs].reduce((a, b) => (compareRuns(a, b) >= 0 ? a : b));
    for (const segment of candidates) {
      const isListed = segment.msn <= (listed.get(segment.rendition)?.msn ?? -1);
      const isNext = listed.has(segment.rendition) && segment.msn <= lastMsn + longestHole;
      if (isListed || !isNext || segment.run !== run) stale.push(segment);
      else {
        usable.push(segment);
        lastRun = run;
      }
    }
    if (usable.at(-1)?.msn === msn) lastMsn = Math.max(lastMsn, msn);
  }
  return { usable, stale };
}

/**
 * What each media sequence number is, as the first rendition that has it says; the others fill their
 * holes from here, so that all lists have the same discontinuities and dates.
 */
export class Timeline {
  readonly #segmentDurationS: number;
  readonly #slots = new Map<number, EventEntry>();

  constructor(segmentDurationS: number) {
    this.#segmentDurationS = segmentDurationS;
  }

  note(entry: EventEntry): void {
    if (!this.#slots.has(entry.msn)) this.#slots.set(entry.msn, entry);
  }

  /** Numbers below this are in every list. */
  forgetBelow(msn: number): void {
    for (const known of this.#slots.keys()) {
      if (known >= msn) return;
      this.#slots.delete(known);
    }
  }

  /**
   * A hole.
   * @param before the entry in front of it in the list, if there is one.
   * @param after the next segment that is known.
   */
  gap(msn: number, before: EventEntry | undefined, after: EventEntry): EventEntry {
    const known = this.#slots.get(msn);
    if (known !== undefined) return follow(before, { ...known, gap: true });
    const durationS = this.#segmentDurationS;
    const programDateTimeMs =
      before === undefined
        ? after.programDateTimeMs - (after.msn - msn) * durationS * 1_000
        : before.programDateTimeMs + before.durationS * 1_000;
    const run = before?.run ?? after.run;
    const entry = { msn, run, durationS, programDateTimeMs, discontinuity: false, gap: true };
    this.note(entry);
    return entry;
  }
}

/** A new run is a discontinuity even if the segment that would have said so is lost. */
export const follow = (before: EventEntry | undefined, entry: EventEntry): EventEntry =>
  before === undefined || before.run === entry.run || entry.discontinuity
    ? entry
    : { ...entry, discontinuity: true };
