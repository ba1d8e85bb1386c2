import { describe, expect, it } from 'vitest';
import { Recent, type RecentOptions } from '../../../runtime/store/recent.ts';

const setUp = (
  freshMs: number | ((value: number) => number) = 1_000,
  more: Pick<RecentOptions<number>, 'staleMs' | 'most'> = {},
) => {
  let nowMs = 0;
  const reads: { readonly key: string; answer(value: number): void; fail(): void }[] = [];
  const recent = new Recent<number>({
    read: (key) =>
      new Promise((answer, reject) => reads.push({ key, answer, fail: () => reject(new Error('away')) })),
    freshMs,
    steady: () => nowMs,
    ...more,
  });
  return { recent, reads, pass: (ms: number) => (nowMs += ms) };
};

describe('what was read a moment ago', () => {
  it('is read once for all who ask, and again when it is old', async () => {
    const { recent, reads, pass } = setUp();
    const asked = Promise.all([recent.get('a'), recent.get('a')]);
    reads[0]?.answer(1);
    expect(await asked).toEqual([1, 1]);
    pass(999);
    expect(await recent.get('a')).toBe(1);
    pass(1);
    const again = recent.get('a');
    reads[1]?.answer(2);
    expect(await again).toBe(2);
    expect(reads.map(({ key }) => key)).toEqual(['a', 'a']);
  });

  it('is as old as the question, however long the answer took', async () => {
    const { recent, reads, pass } = setUp();
    const asked = recent.get('a');
    pass(1_500);
    reads[0]?.answer(1);
    await asked;
    void recent.get('a');
    expect(reads).toHaveLength(2);
  });

  it('is not kept when it failed', async () => {
    const { recent, reads } = setUp();
    const asked = recent.get('a');
    reads[0]?.fail();
    await expect(asked).rejects.toThrow('away');
    void recent.get('a');
    expect(reads).toHaveLength(2);
  });

  it('goes on for a while when there is no new answer to be had, and is asked for again each time', async () => {
    const { recent, reads, pass } = setUp(1_000, { staleMs: 60_000 });
    const first = recent.get('a');
    reads[0]?.answer(1);
    await first;
    for (const n of [1, 2]) {
      pass(29_000);
      const asked = recent.get('a');
      reads[n]?.fail();
      expect(await asked).toBe(1);
    }
    pass(2_000);
    const late = recent.get('a');
    reads[3]?.fail();
    await expect(late).rejects.toThrow('away');
  });

  it('is forgotten when more is kept than may be: what was read first goes', async () => {
    const { recent, reads } = setUp(1_000, { most: 2 });
    for (const [n, key] of ['a', 'b', 'c'].entries()) {
      const asked = recent.get(key);
      reads[n]?.answer(n);
      await asked;
    }
    expect(await recent.get('c')).toBe(2);
    expect(await recent.get('b')).toBe(1);
    void recent.get('a');
    expect(reads).toHaveLength(4);
  });

  it('is not kept when it was forgotten while it was read', async () => {
    const { recent, reads } = setUp();
    const before = recent.get('a');
    recent.forget('a');
    const after = recent.get('a');
    reads[1]?.answer(2);
    reads[0]?.answer(1);
    expect(await before).toBe(1);
    expect(await after).toBe(2);
    expect(await recent.get('a')).toBe(2);
  });

  it('can be kept for a time that depends on what it is', async () => {
    const { recent, reads, pass } = setUp((value) => (value === 0 ? 10 : 1_000));
    for (const [n, value] of [0, 7].entries()) {
      const asked = recent.get('a');
      reads[n]?.answer(value);
      await asked;
      pass(20);
    }
    expect(await recent.get('a')).toBe(7);
    expect(reads).toHaveLength(2);
  });
});
