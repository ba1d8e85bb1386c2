/** Bounds of one broadcast's archive. Those of the whole task are in budget.ts. */
export interface ArchiveLimits {
  /** Segments of one broadcast on their way at once. Five renditions finish a segment at the same moment. */
  readonly parallelUploads: number;
  /** One try to store something. Owncast's 10 s and four tries lost segments on slow links (notes/video.md 1.3). */
  readonly attemptTimeoutMs: number;
  /** Waits between tries double from here … */
  readonly backoffBaseMs: number;
  /** … up to here, so that the first try after an outage comes within seconds. */
  readonly backoffCapMs: number;
  /**
   * A segment that the store has refused for so long becomes a gap. As long as the spool's default size
   * lasts at 9 Mbps (core/environment/ingest.ts): before that, giving up would lose what there is room for.
   */
  readonly giveUpAfterMs: number;
  /** How long end() waits for the store before it leaves the rest to a later resume. */
  readonly endPatienceMs: number;
  /** How long resuming waits for the store; an encoder is waiting for its answer. */
  readonly openPatienceMs: number;
  /** The longest time a line may stand in memory only; LiveKit egress has the same minute. */
  readonly publishEveryMs: number;
}

export const defaultLimits: ArchiveLimits = {
  parallelUploads: 8,
  attemptTimeoutMs: 20_000,
  backoffBaseMs: 200,
  backoffCapMs: 5_000,
  giveUpAfterMs: 3_600_000,
  endPatienceMs: 300_000,
  openPatienceMs: 10_000,
  publishEveryMs: 60_000,
};

/** Full jitter: tasks that met the same outage do not come back in step. */
export function backoffMs(failures: number, limits: ArchiveLimits, random: () => number): number {
  const ceiling = Math.min(limits.backoffCapMs, limits.backoffBaseMs * 2 ** Math.min(failures - 1, 20));
  return Math.ceil(random() * ceiling);
}

/**
 * The live playlist goes up with every segment in the first hour, with every second one in the second, and
 * so on (LiveKit egress). A put sends the whole list again, so its bytes would otherwise grow with the
 * square of the show's length: 216 KB an hour and rendition, each 2 s. Thinned, they stay near 100 KB/s.
 */
export const segmentsPerPublication = (listedS: number): number => Math.floor(listedS / 3_600) + 1;
