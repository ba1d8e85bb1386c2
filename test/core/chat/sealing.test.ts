import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messageId } from '../../../core/chat/message.ts';
import { chunkOf, chunkOfId, type ChatIndex } from '../../../core/chat/replay.ts';
import { firstOpenChunk, idsOfChunks, mergeIndexes, mostRemoved } from '../../../core/chat/sealing.ts';

const startMs = 1_790_000_000_000;
const idAt = (ms: number): string => messageId((startMs + ms) * 1_000);
const open = (newestMs: number, silentMs: number, nowMs: number): number =>
  firstOpenChunk({ newestId: idAt(newestMs), silentMs, nowMs: startMs + nowMs }) - chunkOf(startMs);

describe('a chunk', () => {
  it('is closed by an id that is seconds past its end, whatever our clock says', () => {
    for (const nowMs of [0, 14_000, 1e12, -1e12]) {
      expect(open(12_999, 0, nowMs)).toBe(0);
      expect(open(13_000, 0, nowMs)).toBe(1);
    }
  });

  it('is closed by our clock only after a silence', () => {
    expect(open(9_000, 1_000, 60_000)).toBe(0);
    expect(open(9_000, 6_000, 12_999)).toBe(0);
    expect(open(9_000, 6_000, 13_000)).toBe(1);
    expect(open(9_000, 30_000, 60_000)).toBe(5);
  });

  it('is closed by a long silence when our clock is far behind', () => {
    expect(open(9_000, 12_999, -3_600_000)).toBe(0);
    expect(open(9_000, 13_000, -3_600_000)).toBe(1);
  });

  it('has all ids of its time and no others', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e15 }), fc.integer({ min: 1, max: 50 }), (us, length) => {
        const id = messageId(us);
        const n = chunkOfId(id);
        const { from, to } = idsOfChunks(n, n + length);
        expect(from <= id && id <= to).toBe(true);
        expect(chunkOfId(from)).toBe(n);
        expect(chunkOfId(to)).toBe(n + length - 1);
        expect(Number(idsOfChunks(n + length, n + length + 1).from)).toBe(Number(to) + 1);
      }),
    );
  });
});

describe('two states of an index', () => {
  const index: fc.Arbitrary<ChatIndex> = fc.record({
    chunks: fc.uniqueArray(fc.nat(50)).map((chunks) => chunks.toSorted((a, b) => a - b)),
    sealedToMs: fc.nat(1_000),
    complete: fc.boolean(),
    removed: fc.uniqueArray(fc.nat(50).map(messageId)),
  });
  const content = ({ removed, ...rest }: ChatIndex): object => ({ ...rest, removed: new Set(removed) });

  it('become one that has all of both, the same from either side, and the same again changes nothing', () => {
    fc.assert(
      fc.property(index, index, (a, b) => {
        const merged = mergeIndexes(a, b);
        expect(merged.chunks).toEqual([...new Set([...a.chunks, ...b.chunks])].sort((x, y) => x - y));
        expect(content(merged)).toEqual(content(mergeIndexes(b, a)));
        expect(mergeIndexes(merged, b)).toEqual(merged);
        expect(mergeIndexes(merged, a)).toEqual(merged);
      }),
    );
  });

  it('keep a bounded number of removed ids, the last ones', () => {
    const many = Array.from({ length: mostRemoved }, (_, n) => messageId(n));
    const a: ChatIndex = { chunks: [], sealedToMs: 0, complete: false, removed: many };
    const merged = mergeIndexes(a, { ...a, removed: [messageId(1e9)] });
    expect(merged.removed).toHaveLength(mostRemoved);
    expect(merged.removed.at(-1)).toBe(messageId(1e9));
  });
});
