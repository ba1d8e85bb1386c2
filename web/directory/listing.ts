import type { BroadcastView, Directory } from '../../core/api/types.ts';

/** What the directory shows: the newest first page, and the older pages that were asked for. */
export interface Listing {
  readonly live: readonly BroadcastView[];
  readonly recordings: readonly BroadcastView[];
  readonly nextCursor: string | undefined;
  /** How many pages have been asked for beyond the first. */
  readonly extraPages: number;
}

const byId = (shows: readonly BroadcastView[]): readonly BroadcastView[] => [
  ...new Map(shows.map((show) => [show.broadcastId, show])).values(),
];

/**
 * A renewed first page: new recordings come to the front, older pages stay. A show that became private or
 * was renamed is taken as the first page has it as long as it covers its time.
 */
export function renewed(before: Listing | undefined, page: Directory): Listing {
  if (before === undefined || before.extraPages === 0)
    return { live: page.live, recordings: page.recordings, nextCursor: page.nextCursor, extraPages: 0 };
  const oldestMs = page.recordings.at(-1)?.startedAt ?? Number.POSITIVE_INFINITY;
  const older = before.recordings.filter(({ startedAt }) => startedAt < oldestMs);
  return {
    live: page.live,
    recordings: byId([...page.recordings, ...older]),
    nextCursor: before.nextCursor,
    extraPages: before.extraPages,
  };
}

export const extended = (before: Listing, page: Directory): Listing => ({
  live: before.live,
  recordings: byId([...before.recordings, ...page.recordings]),
  nextCursor: page.nextCursor,
  extraPages: before.extraPages + 1,
});
