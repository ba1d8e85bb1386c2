import { ulid } from 'ulid';
import type { Tables } from '../../../runtime/store/tables/open.ts';
import type { BroadcastRecords, Clock } from './ports.ts';

/** The tables as one task sees them: every write carries its name, its slot and the time. */
export function recordsOf(options: {
  readonly tables: Tables;
  readonly taskId: string;
  readonly slot: string;
  readonly clock: Clock;
  readonly graceMs: number;
}): BroadcastRecords {
  const { taskId, slot, clock, graceMs } = options;
  const { broadcasts, channels } = options.tables;
  return {
    channel: (channelId) => channels.get(channelId),
    get: (broadcastId) => broadcasts.get(broadcastId),
    openSession: (channel) =>
      broadcasts.openSession({
        channel,
        taskId,
        slot,
        now: clock.now(),
        graceMs,
        newId: () => ulid().toLowerCase(),
      }),
    report: (report) => broadcasts.report({ ...report, now: clock.now() }),
    end: (ended) => broadcasts.end(ended),
    discard: async ({ broadcastId, session }) => {
      await broadcasts.discard({ broadcastId, session });
    },
    takeOver: (stale) =>
      broadcasts.takeOver({
        broadcastId: stale.broadcastId,
        expectedSession: stale.session,
        expectedSeenAt: stale.seenAt,
        taskId,
        slot,
        now: clock.now(),
      }),
    unended: async function* unended() {
      let cursor: string | undefined;
      do {
        const page = await broadcasts.listUnended(cursor);
        yield* page.broadcasts;
        cursor = page.nextCursor;
      } while (cursor !== undefined);
    },
  };
}
