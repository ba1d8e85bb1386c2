import { beforeEach, describe, expect, it } from 'vitest';
import type { Admission, PostWish } from '../../../core/chat/bus.ts';
import { defaultSettings } from '../../../core/chat/mode.ts';
import { messageOf, noLimits, untilTrue, useShard } from './shard.ts';

const shard = useShard();

const post = (broadcastId: string, personId: string, more: Partial<PostWish> = {}): Promise<Admission> =>
  shard.bus.admit({ broadcastId, channelId: 'c', personId, role: 'viewer', ...more });

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Of a refusal for this reason. */
function retryOf(admission: Admission, reason: string): number {
  expect(admission).toMatchObject({ kind: 'refused', reason });
  if (admission.kind !== 'refused' || admission.retryAfterMs === undefined)
    throw new Error(JSON.stringify(admission));
  return admission.retryAfterMs;
}

beforeEach(async () => {
  await shard.bus.setLimits(noLimits);
});

describe('what one person may post', () => {
  it('is a burst, then what the rate gives; and the time to try again is exact', async () => {
    const person = { perS: 5, burst: 3 };
    await shard.bus.setLimits({ ...noLimits, person });
    const broadcastId = await shard.warm();
    for (let i = 0; i < 3; i += 1) expect((await post(broadcastId, 'ann')).kind).toBe('admitted');
    const retryAfterMs = retryOf(await post(broadcastId, 'ann'), 'person-limit');
    expect(retryAfterMs).toBeGreaterThan(150);
    expect(retryAfterMs).toBeLessThanOrEqual(200);
    await sleep(retryAfterMs - 50);
    retryOf(await post(broadcastId, 'ann'), 'person-limit');
    await sleep(50);
    expect((await post(broadcastId, 'ann')).kind).toBe('admitted');
    retryOf(await post(broadcastId, 'ann'), 'person-limit');
    expect((await post(broadcastId, 'bob')).kind).toBe('admitted');
  });

  it('counts over all broadcasts of the shard, and four times for staff', async () => {
    await shard.bus.setLimits({ ...noLimits, person: { perS: 0.01, burst: 2 } });
    const [one, two] = [await shard.warm(), await shard.warm()];
    await post(one, 'eve');
    await post(two, 'eve');
    retryOf(await post(one, 'eve'), 'person-limit');
    for (let i = 0; i < 8; i += 1)
      expect((await post(one, 'mod', { role: 'moderator' })).kind).toBe('admitted');
    retryOf(await post(one, 'mod', { role: 'moderator' }), 'person-limit');
  });

  it('comes back with a withdrawal, once', async () => {
    await shard.bus.setLimits({ ...noLimits, person: { perS: 0.01, burst: 1 } });
    const broadcastId = await shard.warm();
    const wish: PostWish = { broadcastId, channelId: 'c', personId: 'fay', role: 'viewer' };
    const first = await shard.bus.admit(wish);
    retryOf(await shard.bus.admit(wish), 'person-limit');
    if (first.kind !== 'admitted') throw new Error('not admitted');
    await shard.bus.withdraw(wish, first.id);
    await shard.bus.withdraw(wish, first.id);
    expect((await shard.bus.admit(wish)).kind).toBe('admitted');
    retryOf(await shard.bus.admit(wish), 'person-limit');
  });

  it('does not come back with a withdrawal of what was published', async () => {
    await shard.bus.setLimits({ ...noLimits, person: { perS: 0.01, burst: 1 } });
    const broadcastId = await shard.warm();
    const wish: PostWish = { broadcastId, channelId: 'c', personId: 'gil', role: 'viewer' };
    const first = await shard.bus.admit(wish);
    if (first.kind !== 'admitted') throw new Error('not admitted');
    await shard.bus.publish(broadcastId, messageOf(first.id, 'gil'));
    await shard.bus.withdraw(wish, first.id);
    retryOf(await shard.bus.admit(wish), 'person-limit');
  });

  it('changes at once for somebody who was refused', async () => {
    await shard.bus.setLimits({ ...noLimits, person: { perS: 0.001, burst: 1 } });
    const broadcastId = await shard.warm();
    await post(broadcastId, 'hal');
    expect(retryOf(await post(broadcastId, 'hal'), 'person-limit')).toBeGreaterThan(100_000);
    await shard.bus.setLimits(noLimits);
    expect((await post(broadcastId, 'hal')).kind).toBe('admitted');
  });

  it('has the values of core/chat/limits.ts where nobody set others', async () => {
    const broadcastId = await warmAgain();
    for (let i = 0; i < 5; i += 1) expect((await post(broadcastId, 'ann')).kind).toBe('admitted');
    expect(retryOf(await post(broadcastId, 'ann'), 'person-limit')).toBeGreaterThan(1_000);
  });
});

/** A Redis that has counted nobody yet. */
const warmAgain = async (): Promise<string> => {
  await shard.redis.restart();
  for (;;)
    try {
      return await shard.warm();
    } catch {
      await sleep(50);
    }
};

describe('slow mode', () => {
  it('lets each person post again exactly after its seconds, in this broadcast only', async () => {
    const settings = { ...defaultSettings, slowS: 1 };
    const [slow, fast] = [await shard.warm({ settings }), await shard.warm()];
    expect((await post(slow, 'ann')).kind).toBe('admitted');
    expect((await post(fast, 'ann')).kind).toBe('admitted');
    expect((await post(fast, 'ann')).kind).toBe('admitted');
    const retryAfterMs = retryOf(await post(slow, 'ann'), 'slow-mode');
    expect(retryAfterMs).toBeGreaterThan(900);
    const standing = await shard.bus.standing({ broadcastId: slow, channelId: 'c', personId: 'ann' });
    expect(standing).toMatchObject({ kind: 'known' });
    if (standing.kind === 'known') expect(Math.abs(standing.slowForMs - retryAfterMs)).toBeLessThan(50);
    expect((await post(slow, 'mod', { role: 'broadcaster' })).kind).toBe('admitted');
    expect((await post(slow, 'mod', { role: 'broadcaster' })).kind).toBe('admitted');
    await sleep(retryAfterMs);
    expect((await post(slow, 'ann')).kind).toBe('admitted');
  });

  it('does not count a message that was withdrawn', async () => {
    const broadcastId = await shard.warm({ settings: { ...defaultSettings, slowS: 60 } });
    const first = await post(broadcastId, 'bob');
    if (first.kind !== 'admitted') throw new Error('not admitted');
    await shard.bus.withdraw({ broadcastId, channelId: 'c', personId: 'bob', role: 'viewer' }, first.id);
    expect((await post(broadcastId, 'bob')).kind).toBe('admitted');
  });
});

describe('the channel', () => {
  it('has a limit for all viewers together, that staff do not meet', async () => {
    await shard.bus.setLimits({ ...noLimits, channel: { perS: 1, burst: 4 } });
    const broadcastId = await shard.warm();
    for (let i = 0; i < 4; i += 1) expect((await post(broadcastId, `p${i}`)).kind).toBe('admitted');
    retryOf(await post(broadcastId, 'p4'), 'channel-limit');
    expect((await post(broadcastId, 'op', { role: 'operator' })).kind).toBe('admitted');
    expect((await post(await shard.warm(), 'p4')).kind).toBe('admitted');
  });

  it('takes nothing from a person whom it refuses', async () => {
    await shard.bus.setLimits({
      ...noLimits,
      person: { perS: 0.01, burst: 1 },
      channel: { perS: 2, burst: 1 },
    });
    const broadcastId = await shard.warm();
    await post(broadcastId, 'ida');
    const retryAfterMs = retryOf(await post(broadcastId, 'jon'), 'channel-limit');
    await sleep(retryAfterMs);
    expect((await post(broadcastId, 'jon')).kind).toBe('admitted');
  });
});

describe('the platform', () => {
  it('has a limit over all broadcasts; its share and the demand for it can be told', async () => {
    await shard.bus.setLimits({ ...noLimits, platform: { perS: 1_000, burst: 1_000 } });
    await shard.bus.setPlatformShare(2);
    const [one, two] = [await shard.warm(), await shard.warm()];
    const answers: Admission[] = [];
    for (let i = 0; i < 4; i += 1) answers.push(await post(i % 2 === 0 ? one : two, `q${i}`));
    const refused = answers.find(({ kind }) => kind === 'refused');
    if (refused === undefined) throw new Error('four posts at 2 a second');
    retryOf(refused, 'platform-limit');
    expect(await shard.bus.platformDemand()).toBeGreaterThanOrEqual(4);
    await untilTrue('the refusals are told', async () => {
      await post(one, 'somebody-more');
      return (await shard.bus.platformRefused()) > 0;
    });
    await shard.bus.setLimits({ ...noLimits, platform: { perS: 1_000_000, burst: 1_000_000 } });
    for (let i = 0; i < 20; i += 1) expect((await post(one, `r${i}`)).kind).toBe('admitted');
    await shard.bus.setPlatformShare(1_000_000);
  });

  it('forgets a demand that is over', async () => {
    const broadcastId = await shard.warm();
    await post(broadcastId, 'ann');
    await sleep(2_050);
    expect(await shard.bus.platformDemand()).toBe(0);
    expect(await shard.bus.platformRefused()).toBe(0);
  });

  it('gives everybody of a sudden crowd a time of their own, and keeps it', async () => {
    await shard.bus.setLimits({ ...noLimits, platform: { perS: 200, burst: 20 } });
    await shard.bus.setPlatformShare(200);
    const broadcastId = await shard.warm();
    const people = Array.from({ length: 100 }, (_, i) => `crowd-${i}`);
    const tries = await Promise.all(
      people.map(async (person) => {
        let asked = 1;
        for (let answer = await post(broadcastId, person); answer.kind !== 'admitted'; asked += 1) {
          await sleep(retryOf(answer, 'platform-limit'));
          answer = await post(broadcastId, person);
        }
        return asked;
      }),
    );
    const again = tries.filter((asked) => asked > 2).length;
    expect(Math.max(...tries)).toBeLessThanOrEqual(3);
    expect(again).toBeLessThanOrEqual(10);
  });

  it('is shared fairly at twice its rate: who posts seldom passes, who hammers gets no more than others', async () => {
    const perS = 250;
    const broadcastId = await warmAgain();
    await shard.bus.setLimits({ ...noLimits, platform: { perS, burst: perS / 2 } });
    const result = await crowd({
      broadcastId,
      forMs: 6_000,
      normal: 90,
      everyMs: 720,
      hammering: 10,
      perHammererS: 37.5,
    });
    // 125 of normal people and 375 of hammering ones a second.
    expect(result.asked / result.seconds).toBeGreaterThan(1.7 * perS);
    expect(result.normalTaken / result.normalAsked).toBeGreaterThan(0.95);
    const [least = 0, ...others] = result.hammererTaken.toSorted((a, b) => a - b);
    expect(others.at(-1)).toBeLessThan(least * 1.8 + 20);
    expect(result.taken / result.seconds).toBeGreaterThan(0.85 * perS);
    expect(result.taken / result.seconds).toBeLessThan(1.15 * perS);
  });

  it('is noticed by nobody below it', async () => {
    await shard.bus.setLimits({ ...noLimits, platform: { perS: 600, burst: 600 } });
    const broadcastId = await shard.warm();
    const result = await crowd({
      broadcastId,
      forMs: 1_500,
      normal: 40,
      everyMs: 100,
      hammering: 2,
      perHammererS: 50,
    });
    expect(result.taken).toBe(result.asked);
  });
});

/** People who post now and then, and others who ask all the time and heed no answer. */
async function crowd(options: {
  readonly broadcastId: string;
  readonly forMs: number;
  readonly normal: number;
  readonly everyMs: number;
  readonly hammering: number;
  readonly perHammererS: number;
}) {
  const { broadcastId, forMs, normal, everyMs, hammering, perHammererS } = options;
  const start = performance.now();
  let [asked, taken, normalAsked, normalTaken] = [0, 0, 0, 0];
  const hammererTaken: number[] = Array.from({ length: hammering }, () => 0);
  const ask = async (person: string): Promise<boolean> => {
    asked += 1;
    const isTaken = (await post(broadcastId, person)).kind === 'admitted';
    if (isTaken) taken += 1;
    return isTaken;
  };
  const each = async (intervalMs: number, phase: number, act: () => Promise<void>): Promise<void> => {
    for (let at = start + phase * intervalMs; at < start + forMs; at += intervalMs) {
      const waitMs = at - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      await act();
    }
  };
  await Promise.all([
    ...Array.from({ length: normal }, (_, i) =>
      each(everyMs, i / normal, async () => {
        normalAsked += 1;
        if (await ask(`normal-${i}`)) normalTaken += 1;
      }),
    ),
    ...Array.from({ length: hammering }, (_, i) =>
      each(1_000 / perHammererS, i / hammering, async () => {
        if (await ask(`hammering-${i}`)) hammererTaken[i] = (hammererTaken[i] ?? 0) + 1;
      }),
    ),
  ]);
  const seconds = (performance.now() - start) / 1_000;
  return { asked, taken, normalAsked, normalTaken, hammererTaken, seconds };
}
