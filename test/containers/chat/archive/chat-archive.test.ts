import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatMessage } from '../../../../core/chat/message.ts';
import {
  chatIndexKey,
  chunkCacheControl,
  chunkKey,
  chunkOf,
  finalIndexCacheControl,
  liveIndexCacheControl,
} from '../../../../core/chat/replay.ts';
import { NotOursError } from '../../../../containers/chat/archive/files.ts';
import { broadcastId, finish, follow, Fuse, fused, makeStage, readArchive, said, startMs } from './stage.ts';

const idsOf = (messages: readonly ChatMessage[]): readonly string[] => messages.map(({ id }) => id);
const relative = (chunks: readonly number[] | undefined): readonly number[] | undefined =>
  chunks?.map((n) => n - chunkOf(startMs));

/** One message every so many ms. */
const chatter = (fromMs: number, toMs: number, everyMs: number): readonly ChatMessage[] =>
  Array.from({ length: Math.ceil((toMs - fromMs) / everyMs) }, (_, n) => {
    const atMs = fromMs + n * everyMs;
    return said(atMs, Math.floor(atMs / everyMs) % 100);
  });

describe('the archive of a show that runs', () => {
  it('has each chunk once it can no longer change', async () => {
    const { messages, objects, task } = makeStage();
    const archive = task();
    await messages.write(broadcastId, chatter(0, 12_900, 100));
    await follow(archive, 12_900);
    expect((await readArchive(objects)).raw).toEqual([]);
    await messages.write(broadcastId, chatter(12_900, 14_000, 100));
    await follow(archive, 14_000);
    const { index, raw } = await readArchive(objects);
    expect(relative(index?.chunks)).toEqual([0]);
    expect(index).toMatchObject({ sealedToMs: startMs + 10_000, complete: false, removed: [] });
    expect(raw).toEqual(chatter(0, 10_000, 100));
    expect(await objects.get(chunkKey(broadcastId, chunkOf(startMs)))).toMatchObject({
      contentType: 'application/json',
      cacheControl: chunkCacheControl,
    });
    expect((await objects.get(chatIndexKey(broadcastId)))?.cacheControl).toBe(liveIndexCacheControl);
  });

  it('seals the last words before a silence within seconds of the end of their chunk', async () => {
    const { messages, objects, task } = makeStage();
    const archive = task();
    await messages.write(broadcastId, [said(2_000)]);
    for (let atMs = 2_500; (await readArchive(objects)).raw.length === 0;) {
      expect(atMs).toBeLessThan(17_000);
      const outcome = await follow(archive, atMs);
      atMs += outcome.kind === 'again' ? outcome.inMs : 0;
    }
    expect((await readArchive(objects)).index?.sealedToMs).toBe(startMs + 10_000);
  });

  it('moves on through silence with ever fewer visits, and leaves no files', async () => {
    const { messages, objects, task } = makeStage();
    const archive = task();
    await messages.write(broadcastId, [said(2_000)]);
    let atMs = 0;
    let visits = 0;
    for (; atMs < 3_600_000; visits += 1) {
      const outcome = await follow(archive, atMs);
      atMs += outcome.kind === 'again' ? outcome.inMs : 0;
    }
    expect(visits).toBeLessThan(75);
    const { index } = await readArchive(objects);
    expect(relative(index?.chunks)).toEqual([0]);
    expect(index?.sealedToMs).toBeGreaterThan(startMs + 3_500_000);
  });

  it('writes nothing while nothing was ever said', async () => {
    const { objects, task } = makeStage();
    const archive = task();
    for (let atMs = 0; atMs < 600_000; atMs += 10_000) await follow(archive, atMs);
    expect((await readArchive(objects)).index).toBeUndefined();
    await finish(archive, 600_000);
    expect((await readArchive(objects)).index).toMatchObject({ chunks: [], complete: true });
  });

  it('goes on where another task has stopped, without reading or writing what is there', async () => {
    const { messages, objects, task } = makeStage();
    await messages.write(broadcastId, chatter(0, 100_000, 500));
    await follow(task(), 100_000);
    await messages.write(broadcastId, chatter(100_000, 200_000, 500));
    let puts = 0;
    const counting = { ...objects, put: objects.put.bind(objects), get: objects.get.bind(objects) };
    await follow(
      task({
        objects: {
          ...counting,
          list: objects.list.bind(objects),
          delete: objects.delete.bind(objects),
          put: (...args) => {
            puts += 1;
            return counting.put(...args);
          },
        },
      }),
      200_000,
    );
    expect((await readArchive(objects)).raw).toEqual(chatter(0, 190_000, 500));
    expect(puts).toBe(11);
  });

  it('takes ids that are behind its own clock into chunks that a silence has closed', async () => {
    const { messages, objects, task } = makeStage();
    const archive = task();
    await messages.write(broadcastId, [said(1_000)]);
    for (const atMs of [600_000, 620_000, 640_000]) await follow(archive, atMs);
    // The clock of Redis is ten minutes behind ours.
    await messages.write(broadcastId, chatter(30_000, 60_000, 500));
    await follow(archive, 660_000);
    expect((await readArchive(objects)).raw).toEqual([said(1_000), ...chatter(30_000, 50_000, 500)]);
  });

  it('survives its clock stepping back and forth', async () => {
    const { messages, objects, task } = makeStage();
    const archive = task();
    for (const [n, skewMs] of [0, 3_600_000, -3_600_000, 0, 86_400_000, -86_400_000, 0].entries()) {
      await messages.write(broadcastId, chatter(n * 30_000, (n + 1) * 30_000, 700));
      await follow(archive, (n + 1) * 30_000 + skewMs);
    }
    await finish(archive, 300_000);
    expect((await readArchive(objects)).raw).toEqual(await messages.read(broadcastId, {}));
  });

  it('is written by nobody who has lost the lease', async () => {
    const { messages, objects, task } = makeStage();
    await messages.write(broadcastId, chatter(0, 60_000, 500));
    for (const isOurs of [() => Promise.resolve(false), () => Promise.reject(new Error('Redis is away'))])
      await expect(follow(task({ isOurs }), 60_000)).rejects.toThrow(NotOursError);
    expect((await readArchive(objects)).index).toBeUndefined();
  });
});

describe('what moderators remove', () => {
  it('before its chunk is written is not there at all', async () => {
    const { messages, objects, task } = makeStage();
    await messages.write(broadcastId, chatter(0, 30_000, 500));
    await messages.remove(broadcastId, [said(1_000, 2).id]);
    await follow(task(), 30_000);
    expect(idsOf((await readArchive(objects)).raw)).not.toContain(said(1_000, 2).id);
    expect((await readArchive(objects)).index?.removed).toEqual([]);
  });

  it('from a chunk that lies there goes when the note says so, and is named for the caches', async () => {
    const { messages, objects, task } = makeStage();
    const archive = task();
    await messages.write(broadcastId, chatter(0, 60_000, 500));
    await follow(archive, 60_000, 'mark 1');
    const gone = said(45_000, 90).id;
    await messages.remove(broadcastId, [gone]);
    await follow(archive, 61_000, 'mark 1');
    expect(idsOf((await readArchive(objects)).raw)).toContain(gone);
    await follow(archive, 62_000, 'mark 2');
    expect((await readArchive(objects)).index?.removed).toEqual([gone]);
    expect(idsOf((await readArchive(objects)).raw)).not.toContain(gone);
  });

  it('after the end is looked for once more, and of what is left nothing is lost', async () => {
    const { messages, objects, task } = makeStage();
    await messages.write(broadcastId, chatter(0, 120_000, 500));
    await follow(task(), 120_000);
    await finish(task(), 120_000);
    const all = await messages.read(broadcastId, {});
    expect((await readArchive(objects)).raw).toEqual(all);
    const gone = await messages.removeOf(broadcastId, 'p3', said(80_000, 999).id);
    await finish(task(), 500_000, 'again');
    const { index, raw } = await readArchive(objects);
    expect(new Set(index?.removed)).toEqual(new Set(gone));
    expect(raw).toEqual(all.filter(({ id }) => !gone.includes(id)));
    expect((await objects.get(chatIndexKey(broadcastId)))?.cacheControl).toBe(finalIndexCacheControl);
  });

  it('leaves an empty chunk where nothing remains', async () => {
    const { messages, objects, task } = makeStage();
    await messages.write(broadcastId, [said(1_000), said(25_000)]);
    await finish(task(), 60_000);
    await messages.remove(broadcastId, [said(25_000).id]);
    await finish(task(), 90_000, 'again');
    expect((await readArchive(objects)).raw).toEqual([said(1_000)]);
    await messages.remove(broadcastId, [said(1_000).id]);
    await finish(task(), 120_000, 'and again');
    expect((await readArchive(objects)).raw).toEqual([]);
  });

  it('is not confused with what the store has forgotten', async () => {
    const { messages, objects, task } = makeStage();
    await messages.write(broadcastId, chatter(0, 60_000, 500));
    await finish(task(), 60_000);
    await messages.remove(broadcastId, idsOf(chatter(0, 60_000, 500)));
    await finish(task(), 31 * 86_400_000, 'a removal');
    expect((await readArchive(objects)).raw).toEqual(chatter(0, 60_000, 500));
  });
});

describe('an archive that is damaged', () => {
  it.each(['', '{', '[]', '{"chunks":[1.5]}', 'null'])(
    'is made anew out of the store: %j',
    async (garbage) => {
      const { messages, objects, task } = makeStage();
      await messages.write(broadcastId, chatter(0, 60_000, 500));
      await follow(task(), 60_000);
      const options = { contentType: 'application/json', cacheControl: liveIndexCacheControl };
      await objects.put(chatIndexKey(broadcastId), [Buffer.from(garbage)], options);
      await objects.put(chunkKey(broadcastId, chunkOf(startMs) + 2), [Buffer.from(garbage)], options);
      await finish(task(), 60_000);
      expect((await readArchive(objects)).raw).toEqual(chatter(0, 60_000, 500));
    },
  );
});

describe('a kill', () => {
  it('at any single effect costs nothing', async () => {
    const gone = [said(7_000, 14).id, said(33_000, 66).id, said(33_500, 67).id];
    for (const isDone of [false, true]) {
      let isOver = false;
      for (let effect = 1; !isOver; effect += 1) {
        const stage = makeStage();
        const fuse = new Fuse(effect, { isDone });
        const shown = new Set<string>();
        const mortal = stage.task({ objects: fused(stage.objects, fuse) });
        await stage.messages.write(broadcastId, chatter(0, 60_000, 500));
        const tries = [
          () => follow(mortal, 60_000, 'a'),
          async () => {
            await stage.messages.remove(broadcastId, gone);
            await follow(mortal, 61_000, 'b');
          },
          () => finish(mortal, 61_000, 'b'),
        ];
        for (const part of tries) {
          await part().catch((error: unknown) => {
            if (!fuse.isBlown) throw error;
          });
          // Whatever the moment: what the index lists is there, and true.
          const { index, messages, raw } = await readArchive(stage.objects);
          for (const { id } of raw) shown.add(id);
          expect(messages).toEqual(messages.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
          expect(index?.chunks ?? []).toEqual([...(index?.chunks ?? [])].sort((a, b) => a - b));
        }
        await finish(stage.task(), 90_000, 'b');
        const { index, raw } = await readArchive(stage.objects);
        expect(raw).toEqual(await stage.messages.read(broadcastId, {}));
        expect(index?.complete).toBe(true);
        // Caches may have the chunks in which they stood.
        expect(index?.removed.toSorted()).toEqual(gone.filter((id) => shown.has(id)));
        isOver = !fuse.isBlown;
        if (isOver) expect(index?.removed).toHaveLength(gone.length);
        expect(effect).toBeLessThan(60);
      }
    }
  });

  it('or any mix of talk, removals, silences, kills and two who write, leaves the archive equal to the store', async () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          talk: fc.integer({ min: 1, max: 40 }),
          everyMs: fc.integer({ min: 1, max: 4_000 }),
        }),
      },
      { weight: 2, arbitrary: fc.record({ silenceMs: fc.integer({ min: 0, max: 90_000 }) }) },
      {
        weight: 3,
        arbitrary: fc.record({
          visit: fc.constantFrom(0, 1),
          dies: fc.option(fc.nat(6)),
          isDone: fc.boolean(),
        }),
      },
      { weight: 1, arbitrary: fc.record({ remove: fc.nat(200) }) },
      { weight: 1, arbitrary: fc.record({ takeOver: fc.constantFrom(0, 1) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const stage = makeStage();
        const tasks = [stage.task(), stage.task()];
        const shown = new Set<string>();
        let atMs = 0;
        let mark = 0;
        for (const each of steps) {
          if ('talk' in each) {
            const messages = chatter(atMs, atMs + each.talk * each.everyMs, each.everyMs);
            await stage.messages.write(broadcastId, messages);
            atMs += each.talk * each.everyMs;
          } else if ('silenceMs' in each) atMs += each.silenceMs;
          else if ('remove' in each) {
            const all = await stage.messages.read(broadcastId, {});
            await stage.messages.remove(broadcastId, idsOf(all).slice(each.remove, each.remove + 2));
            mark += 1;
          } else if ('takeOver' in each) tasks[each.takeOver] = stage.task();
          else if (each.dies === null) await follow(tasks[each.visit] ?? stage.task(), atMs, String(mark));
          else {
            const fuse = new Fuse(each.dies, { isDone: each.isDone });
            await follow(stage.task({ objects: fused(stage.objects, fuse) }), atMs, String(mark)).catch(
              () => {},
            );
          }
          for (const { id } of (await readArchive(stage.objects)).raw) shown.add(id);
        }
        await finish(stage.task(), atMs, 'end');
        const { index, raw } = await readArchive(stage.objects);
        const all = await stage.messages.read(broadcastId, {});
        expect(raw).toEqual(all);
        const kept = new Set(idsOf(all));
        for (const id of shown) if (!kept.has(id)) expect(index?.removed).toContain(id);
        for (const id of index?.removed ?? []) expect(kept.has(id)).toBe(false);
      }),
      { numRuns: 150 },
    );
  });
});
