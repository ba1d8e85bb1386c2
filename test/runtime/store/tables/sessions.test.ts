import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Broadcast, Channel } from '../../../../core/broadcast/types.ts';
import type { InputState } from '../../../../core/media/flow.ts';
import { tableNames } from '../../../../core/tables.ts';
import { TableError, type TableClient } from '../../../../runtime/store/tables/client.ts';
import { createSessions, NothingToContinueError } from '../../../../runtime/store/tables/sessions.ts';
import { graceMs, newChannel, newId, plan, startTestTables, type TestTables } from './harness.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTestTables();
});
afterAll(() => tables.stop());

const open = (channel: Channel, now: number, taskId = 'task-1') =>
  tables.broadcasts.openSession({ channel, taskId, slot: `slot-of-${taskId}`, now, graceMs, newId });
const fresh = async ({ channelId }: Channel): Promise<Channel> => {
  const channel = await tables.channels.get(channelId);
  if (channel === undefined) throw new Error('the channel is gone');
  return channel;
};
const report = (broadcast: Broadcast, now: number, state: 'live' | 'interrupted' = 'live') =>
  tables.broadcasts.report({
    broadcastId: broadcast.broadcastId,
    session: broadcast.session,
    now,
    state,
    encoderSeenAt: state === 'live' ? now : broadcast.encoderSeenAt,
  });

describe('a session', () => {
  it('begins a broadcast with what the channel says', async () => {
    const channel = await tables.channel('unlisted');
    const { broadcast, resumed } = await open(channel, 5_000);
    expect(resumed).toBe(false);
    expect(broadcast).toEqual({
      broadcastId: broadcast.broadcastId,
      channelId: channel.channelId,
      ownerId: channel.ownerId,
      channelName: 'A channel',
      title: 'A show',
      visibility: 'unlisted',
      state: 'live',
      startedAt: 5_000,
      session: 1,
      slot: 'slot-of-task-1',
      taskId: 'task-1',
      seenAt: 5_000,
      encoderSeenAt: 5_000,
    });
    expect((await fresh(channel)).currentBroadcastId).toBe(broadcast.broadcastId);
  });

  it('continues the broadcast within the grace window, on any task, with an older look at the channel', async () => {
    const channel = await tables.channel();
    const first = (await open(channel, 1_000)).broadcast;
    await report(first, 2_000, 'interrupted');
    const { broadcast, resumed } = await open(channel, 1_000 + graceMs, 'task-2');
    expect(resumed).toBe(true);
    expect(broadcast).toMatchObject({
      broadcastId: first.broadcastId,
      session: 2,
      state: 'live',
      taskId: 'task-2',
      slot: 'slot-of-task-2',
      startedAt: 1_000,
    });
    expect(await report(first, 3_000)).toEqual({ kind: 'lost' });
    expect(await report(broadcast, 61_500)).toMatchObject({ kind: 'held' });
  });

  it('begins a new broadcast after the grace window and leaves the old one to be ended', async () => {
    const channel = await tables.channel();
    const old = (await open(channel, 1_000)).broadcast;
    await report(old, 2_000, 'interrupted');
    const { broadcast, resumed } = await open(await fresh(channel), 1_001 + graceMs, 'task-2');
    expect(resumed).toBe(false);
    expect(broadcast.broadcastId).not.toBe(old.broadcastId);
    // Who holds the old one can still close its archive, but never make it live again.
    expect(await report(old, 70_000, 'live')).toEqual({ kind: 'lost' });
    expect(await report(old, 70_000, 'interrupted')).toMatchObject({ kind: 'held' });
    const { broadcastId, session } = old;
    expect(await tables.broadcasts.end({ broadcastId, session, endedAt: 1_000, durationS: 1 })).toBe('ended');
    expect((await fresh(channel)).currentBroadcastId).toBe(broadcast.broadcastId);
  });

  it('never leaves a silent broadcast live beside the new one', async () => {
    const channel = await tables.channel();
    const old = (await open(channel, 1_000)).broadcast;
    await open(await fresh(channel), 100_000, 'task-2');
    expect((await tables.broadcasts.get(old.broadcastId))?.state).toBe('interrupted');
  });

  it('begins a new broadcast when the last one has ended, or its item is gone', async () => {
    const channel = await tables.channel();
    const first = await tables.live(channel);
    await tables.broadcasts.end({ ...first, endedAt: 2_000, durationS: 1 });
    // With the look at the channel that still names the ended one.
    const second = await open({ ...channel, currentBroadcastId: first.broadcastId }, 3_000);
    expect(second.resumed).toBe(false);
    const dangling = await tables.channel();
    const third = await open({ ...dangling, currentBroadcastId: newId() }, 3_000);
    expect(third.resumed).toBe(false);
    expect((await fresh(dangling)).currentBroadcastId).toBe(third.broadcast.broadcastId);
  });

  it('of a channel that does not exist is an error and leaves no broadcast behind', async () => {
    const channel = newChannel();
    await expect(open(channel, 1_000)).rejects.toThrow(TableError);
    const page = await tables.broadcasts.listByChannel({
      channelId: channel.channelId,
      limit: 5,
      includeAll: true,
    });
    expect(page.broadcasts).toEqual([]);
  });

  it('of two tasks at the same moment makes one broadcast, and the later one has it', async () => {
    for (let round = 0; round < 10; round += 1) {
      const channel = await tables.channel();
      const both = await Promise.all([open(channel, 1_000, 'task-1'), open(channel, 1_000, 'task-2')]);
      const [a, b] = both.map(({ broadcast }) => broadcast);
      if (a === undefined || b === undefined) throw new Error('two were asked for');
      expect(a.broadcastId).toBe(b.broadcastId);
      expect([a.session, b.session].sort((x, y) => x - y)).toEqual([1, 2]);
      const [winner, loser] = a.session > b.session ? [a, b] : [b, a];
      expect(await report(loser, 1_500)).toEqual({ kind: 'lost' });
      expect(await report(winner, 1_500)).toMatchObject({
        kind: 'held',
        broadcast: { taskId: winner.taskId },
      });
      const page = await tables.broadcasts.listByChannel({
        channelId: channel.channelId,
        limit: 5,
        includeAll: true,
      });
      expect(page.broadcasts).toHaveLength(1);
    }
  });
});

describe('between reading and writing', () => {
  /** openSession of a task that is held up before its first write, while something else happens. */
  const heldUp = (channel: Channel, now: number, meanwhile: () => Promise<unknown>) => {
    let waited = false;
    const client = {
      send: async (command: never) => {
        if ((command as object) instanceof UpdateCommand && !waited) {
          waited = true;
          await meanwhile();
        }
        return tables.client.send(command);
      },
    } as unknown as TableClient;
    return createSessions({ client, tables: tableNames('tidecast') }).openSession({
      channel,
      taskId: 'slow',
      slot: 'slow',
      now,
      graceMs,
      newId,
    });
  };

  it('another session of the same broadcast makes a session of its own', async () => {
    const channel = await tables.channel();
    const first = (await open(channel, 1_000)).broadcast;
    let other: Broadcast | undefined;
    const slow = await heldUp(await fresh(channel), 2_000, async () => {
      other = (await open(await fresh(channel), 2_000, 'fast')).broadcast;
    });
    expect(other).toMatchObject({ broadcastId: first.broadcastId, session: 2 });
    expect(slow.broadcast).toMatchObject({ broadcastId: first.broadcastId, session: 3, taskId: 'slow' });
  });

  it('a new broadcast of a task whose clock is past the grace window is what gets continued', async () => {
    const channel = await tables.channel();
    const first = (await open(channel, 1_000)).broadcast;
    let other: Broadcast | undefined;
    const slow = await heldUp(await fresh(channel), 1_000 + graceMs, async () => {
      other = (await open(await fresh(channel), 1_001 + graceMs, 'fast')).broadcast;
    });
    expect(other?.broadcastId).not.toBe(first.broadcastId);
    expect(slow.broadcast).toMatchObject({ broadcastId: other?.broadcastId, session: 2 });
    expect((await tables.broadcasts.get(first.broadcastId))?.state).toBe('interrupted');
  });

  it('continues one broadcast only, when nothing else may begin, and writes nothing when it cannot', async () => {
    const channel = await tables.channel();
    const { broadcast } = await open(channel, 1_000);
    const only = async (now: number, broadcastId = broadcast.broadcastId) =>
      tables.broadcasts.openSession({
        channel: await fresh(channel),
        taskId: 'task-1',
        slot: 'slot-of-task-1',
        now,
        graceMs,
        newId,
        only: broadcastId,
      });
    expect(await only(2_000)).toMatchObject({ resumed: true, broadcast: { session: 2 } });
    await expect(only(3_000, 'another')).rejects.toThrow(NothingToContinueError);
    // Its last sign of life was at 2,000.
    await expect(only(2_001 + graceMs)).rejects.toThrow(NothingToContinueError);
    expect(await tables.broadcasts.get(broadcast.broadcastId)).toMatchObject({ session: 2, state: 'live' });
    expect(await only(2_000 + graceMs)).toMatchObject({ resumed: true, broadcast: { session: 3 } });
    await tables.broadcasts.end({
      broadcastId: broadcast.broadcastId,
      session: 3,
      endedAt: 3_000,
      durationS: 1,
    });
    await expect(only(3_000)).rejects.toThrow(NothingToContinueError);
    expect((await fresh(channel)).currentBroadcastId).toBeUndefined();
  });

  it('a report of the holder keeps a broadcast from being superseded', async () => {
    const channel = await tables.channel();
    const first = (await open(channel, 1_000)).broadcast;
    const slow = await heldUp(await fresh(channel), 1_001 + graceMs, () => report(first, 61_000));
    expect(slow).toMatchObject({ resumed: true, broadcast: { broadcastId: first.broadcastId, session: 2 } });
  });

  it('the end of a broadcast makes a new one', async () => {
    const channel = await tables.channel();
    const first = (await open(channel, 1_000)).broadcast;
    const slow = await heldUp(await fresh(channel), 2_000, () =>
      tables.broadcasts.end({ ...first, endedAt: 2_000, durationS: 1 }),
    );
    expect(slow.resumed).toBe(false);
    expect((await fresh(channel)).currentBroadcastId).toBe(slow.broadcast.broadcastId);
  });
});

describe('a report', () => {
  it('writes the task’s part and returns the owner’s', async () => {
    const channel = await tables.channel();
    const broadcast = await tables.live(channel);
    await tables.broadcasts.update(broadcast.broadcastId, channel.ownerId, {
      title: 'Renamed',
      visibility: 'private',
    });
    const told = await tables.broadcasts.report({
      broadcastId: broadcast.broadcastId,
      session: 1,
      now: 6_000,
      state: 'live',
      encoderSeenAt: 5_900,
      hasThumbnail: true,
    });
    expect(told).toMatchObject({
      kind: 'held',
      broadcast: {
        title: 'Renamed',
        visibility: 'private',
        seenAt: 6_000,
        encoderSeenAt: 5_900,
        hasThumbnail: true,
        plan,
      },
    });
  });

  it('is not refused for a measurement that is no number, or a name without end', async () => {
    const broadcast = await tables.live(await tables.channel());
    const input = {
      width: 640,
      transcodeSpeed: Number.POSITIVE_INFINITY,
      transcodeCpu: Number.NaN,
      keyFrameIntervalS: undefined,
      encoder: 'x'.repeat(500_000),
      warnings: [{ code: 'no-audio', text: 'none' }],
    } as unknown as InputState;
    const told = await tables.broadcasts.report({ ...broadcast, now: 2_000, state: 'live', input });
    expect(told).toMatchObject({
      kind: 'held',
      broadcast: { input: { width: 640, encoder: 'x'.repeat(1_000), warnings: [{ code: 'no-audio' }] } },
    });
    expect(told.kind === 'held' && told.broadcast.input).not.toHaveProperty('transcodeSpeed');
  });

  it('on a broadcast that has ended, or never was, is lost', async () => {
    const broadcast = await tables.live(await tables.channel());
    await tables.broadcasts.end({ ...broadcast, endedAt: 2_000, durationS: 1 });
    expect(await report(broadcast, 3_000)).toEqual({ kind: 'lost' });
    expect(await report({ ...broadcast, broadcastId: newId() }, 3_000)).toEqual({ kind: 'lost' });
  });
});

describe('the end', () => {
  it('is written once, keeps the owner’s part and frees the channel', async () => {
    const channel = await tables.channel();
    const broadcast = await tables.live(channel);
    const { broadcastId } = broadcast;
    expect(await tables.broadcasts.end({ broadcastId, session: 1, endedAt: 9_000, durationS: 7.5 })).toBe(
      'ended',
    );
    expect(await tables.broadcasts.get(broadcastId)).toMatchObject({
      state: 'ended',
      endedAt: 9_000,
      durationS: 7.5,
      title: 'A show',
    });
    expect(await fresh(channel)).not.toHaveProperty('currentBroadcastId');
  });

  it('is ended again when asked again, as after a lost answer, and changes nothing', async () => {
    const broadcast = await tables.live(await tables.channel());
    const { broadcastId } = broadcast;
    await tables.broadcasts.end({ broadcastId, session: 1, endedAt: 9_000, durationS: 7 });
    expect(await tables.broadcasts.end({ broadcastId, session: 1, endedAt: 9_999, durationS: 8 })).toBe(
      'ended',
    );
    expect((await tables.broadcasts.get(broadcastId))?.endedAt).toBe(9_000);
  });

  it('by a task that has lost the broadcast does nothing', async () => {
    const channel = await tables.channel();
    const broadcast = await tables.live(channel);
    await open(await fresh(channel), 2_000, 'task-2');
    expect(await tables.broadcasts.end({ ...broadcast, endedAt: 3_000, durationS: 1 })).toBe('lost');
    expect((await tables.broadcasts.get(broadcast.broadcastId))?.state).toBe('live');
    expect((await fresh(channel)).currentBroadcastId).toBe(broadcast.broadcastId);
  });
});

describe('taking over', () => {
  it('makes a silent broadcast the caller’s and locks its old holder out', async () => {
    const broadcast = await tables.live(await tables.channel());
    const taken = await tables.broadcasts.takeOver({
      broadcastId: broadcast.broadcastId,
      expectedSession: broadcast.session,
      expectedSeenAt: broadcast.seenAt,
      taskId: 'task-2',
      slot: 'in-02',
      now: 50_000,
    });
    expect(taken).toMatchObject({
      session: 2,
      state: 'interrupted',
      taskId: 'task-2',
      slot: 'in-02',
      seenAt: 50_000,
    });
    expect(await report(broadcast, 51_000)).toEqual({ kind: 'lost' });
    expect(await tables.broadcasts.end({ ...broadcast, endedAt: 51_000, durationS: 1 })).toBe('lost');
  });

  it('fails when the holder has spoken in between, or another one was faster', async () => {
    const broadcast = await tables.live(await tables.channel());
    const wish = {
      broadcastId: broadcast.broadcastId,
      expectedSession: broadcast.session,
      expectedSeenAt: broadcast.seenAt,
      taskId: 'task-2',
      slot: 'in-02',
      now: 50_000,
    };
    await report(broadcast, broadcast.seenAt + 1);
    expect(await tables.broadcasts.takeOver(wish)).toBeUndefined();

    const other = await tables.live(await tables.channel());
    const taken = await Promise.all(
      ['a', 'b', 'c'].map((taskId) =>
        tables.broadcasts.takeOver({ ...wish, broadcastId: other.broadcastId, taskId }),
      ),
    );
    expect(taken.filter((each) => each !== undefined)).toHaveLength(1);
  });
});

describe('discarding', () => {
  it('forgets a broadcast without a picture and frees the channel', async () => {
    const channel = await tables.channel();
    const { broadcast } = await open(channel, 1_000);
    expect(await tables.broadcasts.discard(broadcast)).toBe('discarded');
    expect(await tables.broadcasts.get(broadcast.broadcastId)).toBeUndefined();
    expect(await fresh(channel)).not.toHaveProperty('currentBroadcastId');
    expect(await tables.broadcasts.discard(broadcast)).toBe('discarded');
  });

  it('does not touch one with a picture, or that another session has', async () => {
    const channel = await tables.channel();
    const broadcast = await tables.live(channel);
    expect(await tables.broadcasts.discard(broadcast)).toBe('lost');
    const empty = await tables.channel();
    const first = (await open(empty, 1_000)).broadcast;
    await open(await fresh(empty), 2_000, 'task-2');
    expect(await tables.broadcasts.discard(first)).toBe('lost');
    expect(await tables.broadcasts.get(first.broadcastId)).toMatchObject({ session: 2 });
  });
});
