import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Broadcast, Visibility } from '../../../../core/broadcast/types.ts';
import { BadCursorError, decodeCursor, encodeCursor } from '../../../../runtime/store/tables/cursor.ts';
import { newId, startTestTables, type TestTables } from './harness.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTestTables();
});
afterAll(() => tables.stop());

const end = ({ broadcastId, session }: Broadcast, durationS = 1) =>
  tables.broadcasts.end({ broadcastId, session, endedAt: 2_000, durationS });

/** All pages of a list, whatever their size. */
async function all(
  limit: number,
  next: (cursor?: string) => Promise<{ broadcasts: readonly Broadcast[]; nextCursor?: string }>,
) {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await next(cursor);
    expect(page.broadcasts.length).toBeLessThanOrEqual(limit);
    ids.push(...page.broadcasts.map((each) => each.broadcastId));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return ids;
}

describe('a cursor', () => {
  it('comes back as it was given', () => {
    const id = newId();
    expect(decodeCursor('recordings', encodeCursor('recordings', id))).toBe(id);
  });

  it('of another list, or of nobody, is an error of its own', () => {
    const id = newId();
    expect(() => decodeCursor('channel', encodeCursor('recordings', id))).toThrow(BadCursorError);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.string({ unit: 'binary' })), (text) => {
        expect(() => decodeCursor('channel', text)).toThrow(BadCursorError);
      }),
    );
  });

  it('with one character changed is an error or another valid position, never a crash', () => {
    const good = encodeCursor('channel', newId());
    fc.assert(
      fc.property(fc.nat({ max: good.length - 1 }), fc.string({ minLength: 1, maxLength: 1 }), (at, text) => {
        const changed = good.slice(0, at) + text + good.slice(at + 1);
        try {
          expect(encodeCursor('channel', decodeCursor('channel', changed))).toBe(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(BadCursorError);
        }
      }),
    );
  });
});

describe('the list of a channel', () => {
  it('pages through what the asker may see, without loss or repetition, at any page size', async () => {
    const channel = await tables.channel();
    const made: { id: string; visibility: Visibility }[] = [];
    for (let n = 0; n < 25; n += 1) {
      const visibility: Visibility = n % 5 === 0 ? 'public' : n % 2 === 0 ? 'unlisted' : 'private';
      const broadcast = await tables.live(channel);
      await tables.broadcasts.update(broadcast.broadcastId, channel.ownerId, { visibility });
      await end(broadcast);
      made.unshift({ id: broadcast.broadcastId, visibility });
    }
    for (const limit of [1, 3, 25, 100]) {
      for (const includeAll of [true, false]) {
        const expected = made.filter((each) => includeAll || each.visibility === 'public');
        const { channelId } = channel;
        expect(
          await all(limit, (cursor) =>
            tables.broadcasts.listByChannel({ channelId, limit, cursor, includeAll }),
          ),
        ).toEqual(expected.map((each) => each.id));
      }
    }
  });
});

describe('the public lists', () => {
  it('follow visibility and state, whichever is written first', async () => {
    const live = async () => (await tables.broadcasts.listLive()).map((each) => each.broadcastId);
    const recordings = () => all(2, (cursor) => tables.broadcasts.listRecordings({ limit: 2, cursor }));
    const channel = await tables.channel('private');
    const { broadcastId: id, session, ownerId } = await tables.live(channel);
    const set = (visibility: Visibility) => tables.broadcasts.update(id, ownerId, { visibility });

    expect(await live()).not.toContain(id);
    await set('public');
    expect(await live()).toContain(id);
    await set('unlisted');
    expect(await live()).not.toContain(id);
    await tables.broadcasts.end({ broadcastId: id, session, endedAt: 2_000, durationS: 5 });
    expect(await recordings()).not.toContain(id);
    await set('public');
    expect(await recordings()).toContain(id);
    expect(await live()).not.toContain(id);
    await set('private');
    expect(await recordings()).not.toContain(id);
  });

  it('do not have a broadcast before its first picture', async () => {
    const { broadcast } = await tables.broadcasts.openSession({
      channel: await tables.channel(),
      taskId: 't',
      slot: 's',
      now: 1,
      graceMs: 1,
      newId,
    });
    expect((await tables.broadcasts.listLive()).map((each) => each.broadcastId)).not.toContain(
      broadcast.broadcastId,
    );
  });
});

describe('the list of unended broadcasts', () => {
  it('has live and interrupted ones of all visibilities, over more than one page', async () => {
    const broadcasts: Broadcast[] = [];
    // Ten at a time: of 120 at once the last would wait for the emulator longer than a task does for DynamoDB.
    while (broadcasts.length < 120)
      broadcasts.push(
        ...(await Promise.all(
          Array.from({ length: 10 }, async (_, n) =>
            tables.live(await tables.channel(n % 2 === 0 ? 'private' : 'public')),
          ),
        )),
      );
    const ended = broadcasts.slice(0, 10);
    for (const broadcast of ended) await end(broadcast);
    const ids = await all(100, (cursor) => tables.broadcasts.listUnended(cursor));
    expect(ids).toEqual(expect.arrayContaining(broadcasts.slice(10).map((each) => each.broadcastId)));
    for (const { broadcastId } of ended) expect(ids).not.toContain(broadcastId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
