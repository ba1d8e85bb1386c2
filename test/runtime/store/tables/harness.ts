import type { Broadcast, Channel, Visibility } from '../../../../core/broadcast/types.ts';
import type { EncodingPlan } from '../../../../core/media/flow.ts';
import { ladderFor } from '../../../../core/media/ladder.ts';
import { timingFor } from '../../../../core/media/timing.ts';
import { startTables } from '../../../../local/tables.ts';
import { openTables, type Tables } from '../../../../runtime/store/tables/open.ts';

export const plan: EncodingPlan = {
  ladder: ladderFor({ width: 640, height: 360 }, 30),
  timing: timingFor({ num: 30, den: 1 }),
};

export const graceMs = 60_000;

let made = 0;
/** Unique in this process, and sorting by when it was made, as ULIDs do. */
export const newId = (): string => {
  made += 1;
  return `01${made.toString(36).padStart(24, '0')}`;
};

export const newChannel = (visibility: Visibility = 'public', ownerId = `owner-${newId()}`): Channel => ({
  channelId: newId(),
  ownerId,
  name: 'A channel',
  title: 'A show',
  visibility,
  keyHash: 'ab'.repeat(32),
  keyCreatedAt: 1,
  createdAt: 1,
});

export interface TestTables extends Tables {
  /** A channel in the table. */
  channel(visibility?: Visibility): Promise<Channel>;
  /** A first session of a new broadcast with a picture. */
  live(channel: Channel, now?: number): Promise<Broadcast>;
  stop(): Promise<void>;
}

export async function startTestTables(): Promise<TestTables> {
  const local = await startTables({});
  const tables = openTables({
    TABLE_PREFIX: 'tidecast',
    DYNAMODB_ENDPOINT: local.endpoint,
    AWS_REGION: 'us-east-1',
  });
  return {
    ...tables,
    async channel(visibility) {
      const channel = newChannel(visibility);
      await tables.channels.create(channel, 10);
      return channel;
    },
    async live(channel, now = 1_000) {
      const { broadcast } = await tables.broadcasts.openSession({
        channel,
        taskId: 'task-1',
        slot: 'in-01',
        now,
        graceMs,
        newId,
      });
      const { broadcastId, session } = broadcast;
      const told = await tables.broadcasts.report({
        broadcastId,
        session,
        now,
        state: 'live',
        encoderSeenAt: now,
        plan,
      });
      if (told.kind === 'lost') throw new Error('lost at once');
      return told.broadcast;
    },
    async stop() {
      tables.close();
      await local.close();
    },
  };
}
