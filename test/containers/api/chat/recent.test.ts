import { describe, expect, it } from 'vitest';
import { Recent } from '../../../../containers/api/chat/recent.ts';

const setUp = (freshMs: number | ((value: number) => number) = 1_000) => {
  let nowMs = 0;
  const reads: { readonly key: string; answer(value: number): void; fail(): void }[] = [];
  const recent = new Recent<number>({
    read: (key) =>
      new Promise((answer, reject) => reads.push({ key, answer, fail: () => reject(new Error('away')) })),
    freshMs,
    steady: () => nowMs,
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
