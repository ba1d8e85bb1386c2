import { describe, expect, it } from 'vitest';
import { Viewers } from '../../../../containers/api/chat/viewers.ts';
import { BusError, type PostBus } from '../../../../core/chat/bus.ts';

const setUp = (answers: Readonly<Record<string, PostBus['viewers']>>) => {
  let nowMs = 0;
  const asked: string[] = [];
  const buses = new Map(
    Object.entries(answers).map(([shard, viewers]) => [
      shard,
      {
        viewers: (ids: readonly string[]) => {
          asked.push(`${shard}: ${ids.join(' ')}`);
          return viewers(ids);
        },
      } as Partial<PostBus> as PostBus,
    ]),
  );
  return { viewers: new Viewers({ buses }, () => nowMs), asked, pass: (ms: number) => (nowMs += ms) };
};
const at = (shard: string, ...ids: readonly string[]) => ids.map((broadcastId) => ({ broadcastId, shard }));
const seven: PostBus['viewers'] = (ids) => Promise.resolve(new Map(ids.map((id) => [id, 7])));

describe('how many watch', () => {
  it('is asked once of each shard for a whole list, and kept for five seconds', async () => {
    const { viewers, asked, pass } = setUp({ a: seven, b: seven });
    const list = [...at('a', 'x', 'y'), ...at('b', 'z')];
    expect(Object.fromEntries(await viewers.of(list))).toEqual({ x: 7, y: 7, z: 7 });
    pass(4_999);
    await viewers.of(list);
    expect(asked).toEqual(['a: x y', 'b: z']);
    pass(1);
    await viewers.of(at('a', 'x'));
    expect(asked).toEqual(['a: x y', 'b: z', 'a: x']);
  });

  it('is nobody where a shard that answers knows of nobody', async () => {
    const { viewers } = setUp({ a: () => Promise.resolve(new Map()) });
    expect(Object.fromEntries(await viewers.of(at('a', 'x')))).toEqual({ x: 0 });
  });

  it('is said without those whose shard hangs, which is asked nothing more meanwhile', async () => {
    const { viewers, asked } = setUp({ a: () => new Promise(() => {}), b: seven });
    const list = [...at('a', 'x'), ...at('b', 'z')];
    // Without an end to its patience this would wait for ever.
    for (let n = 0; n < 2; n += 1) expect(Object.fromEntries(await viewers.of(list))).toEqual({ z: 7 });
    expect(asked).toEqual(['a: x', 'b: z']);
  });

  it('is not asked again at once of a shard that failed', async () => {
    const { viewers, asked, pass } = setUp({ a: () => Promise.reject(new BusError('away')) });
    for (let n = 0; n < 3; n += 1) expect((await viewers.of(at('a', 'x'))).size).toBe(0);
    expect(asked).toHaveLength(1);
    pass(2_000);
    await viewers.of(at('a', 'x'));
    expect(asked).toHaveLength(2);
  });
});
