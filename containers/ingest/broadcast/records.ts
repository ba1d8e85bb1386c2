import { ulid } from 'ulid';
import { leastLoaded, weighShards } from '../../../core/chat/shards.ts';
import type { Tables } from '../../../runtime/store/tables/open.ts';
import type { BroadcastRecords, Clock } from './ports.ts';

const newId = (): string => ulid().toLowerCase();

/** The tables as one task sees them: every write carries its name, its slot and the time. */
export function recordsOf(options: {
  readonly tables: Tables;
  readonly taskId: string;
  readonly slot: string;
  readonly clock: Clock;
  readonly graceMs: number;
  readonly random: () => number;
}): BroadcastRecords {
  const { taskId, slot, clock, graceMs, random } = options;
  const { broadcasts, channels, shards } = options.tables;
  const chooseShard = async (): Promise<string | undefined> =>
    leastLoaded(weighShards(await shards.list(), clock.now()), random());
  return {
    channel: (channelId) => channels.get(channelId),
    get: (broadcastId) => broadcasts.get(broadcastId),
    newId,
    openSession: (channel, { newId: first, at, only }) => {
      const ids = [first];
      return broadcasts.openSession({
        channel,
        taskId,
        slot,
        now: at,
        graceMs,
        // A second one is needed when another task's broadcast came first and has ended since.
        newId: () => ids.pop() ?? newId(),
        only,
        chooseShard,
      });
    },
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
