import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BusError, type FanIn, type PostBus } from '../../../core/chat/bus.ts';
import type { ChatMessage } from '../../../core/chat/message.ts';
import { Ear, messageOf, newBroadcast, untilTrue, useShard } from './shard.ts';
import { startWireCutter } from './wire-cutter.ts';

/**
 * Any number of posts, each with its own fate, by several API processes at once, heard by two tasks of which one
 * loses its connection again and again.
 */
const shard = useShard();

interface Post {
  /** Which API process. */
  readonly by: number;
  readonly startMs: number;
  /** How long the store takes. */
  readonly storeMs: number;
  readonly fate: 'publish' | 'publish-twice' | 'withdraw' | 'die';
}

const postArbitrary: fc.Arbitrary<Post> = fc.record({
  by: fc.nat(2),
  startMs: fc.nat(150),
  storeMs: fc.nat(120),
  fate: fc.oneof(
    { weight: 8, arbitrary: fc.constant('publish' as const) },
    { weight: 2, arbitrary: fc.constant('publish-twice' as const) },
    { weight: 2, arbitrary: fc.constant('withdraw' as const) },
    { weight: 1, arbitrary: fc.constant('die' as const) },
  ),
});

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** On a busy machine Redis may not answer in time. */
function unanswered(error: unknown): undefined {
  if (!(error instanceof BusError)) throw error;
}

async function publish(
  bus: PostBus,
  broadcastId: string,
  message: ChatMessage,
): ReturnType<PostBus['publish']> {
  for (;;) {
    const answer = await bus.publish(broadcastId, message).catch(unanswered);
    if (answer !== undefined) return answer;
  }
}

/** As the API does it; the answer is the id if it was published. */
async function play(bus: PostBus, broadcastId: string, post: Post): Promise<string | undefined> {
  await sleep(post.startMs);
  const wish = { broadcastId, channelId: 'c', personId: `p${post.by}`, role: 'viewer' } as const;
  const admission = await bus.admit(wish).catch(unanswered);
  // It may have been given an id all the same, which nobody will publish.
  if (admission === undefined) return undefined;
  if (admission.kind !== 'admitted') throw new Error(JSON.stringify(admission));
  await sleep(post.storeMs);
  if (post.fate === 'die') return undefined;
  if (post.fate === 'withdraw') {
    await bus.withdraw(wish, admission.id).catch(unanswered);
    return undefined;
  }
  const message = messageOf(admission.id, wish.personId);
  shard.store.write(broadcastId, message);
  const answers = [await publish(bus, broadcastId, message)];
  if (post.fate === 'publish-twice') answers.push(await publish(bus, broadcastId, message));
  expect(new Set(answers).size).toBe(1);
  if (answers[0] === 'published') return admission.id;
  shard.store.remove(broadcastId, admission.id);
  return undefined;
}

describe('whatever happens to posts', () => {
  it(
    'every task hears exactly what was answered with published, in order of the ids, once',
    { timeout: 60_000 },
    async () => {
      const wire = await startWireCutter(shard.redis.port);
      const buses = [shard.openBus(), shard.openBus(), shard.openBus()];
      const steady = shard.openFanIn();
      const shaky = shard.openFanIn({ url: wire.url });
      const run = async (posts: readonly Post[], cutsMs: readonly number[]): Promise<void> => {
        const broadcastId = await shard.warm({ broadcastId: newBroadcast() });
        const ears = [new Ear(), new Ear()] as const;
        await untilTrue('live', () => shaky.link === 'live');
        await subscribe(steady, broadcastId, ears[0]);
        await subscribe(shaky, broadcastId, ears[1]);
        const cuts = cutsMs.map(async (ms) => {
          await sleep(ms);
          wire.cut();
          wire.mend();
        });
        const outcomes = await Promise.all(
          posts.map((post) => play(buses[post.by] ?? shard.bus, broadcastId, post)),
        );
        await Promise.all(cuts);
        const published = outcomes.filter((id) => id !== undefined).sort();
        for (const ear of ears)
          await untilTrue(`${published.length} heard`, () => ear.heard.length >= published.length);
        for (const ear of ears) expect(ear.ids).toEqual(published);
        const { kept } = await subscribe(shard.openFanIn(), broadcastId, new Ear());
        expect(kept.map(({ id }) => id)).toEqual(published);
        await steady.unsubscribe(broadcastId);
        await shaky.unsubscribe(broadcastId);
      };
      // Several at a time: they wait most of their time, for those who died.
      await Promise.all(
        Array.from({ length: 6 }, (_, seed) =>
          fc.assert(
            fc.asyncProperty(
              fc.array(postArbitrary, { minLength: 1, maxLength: 40 }),
              fc.array(fc.nat(300), { maxLength: 2 }),
              run,
            ),
            { numRuns: 6, seed: seed + 1, endOnFailure: true },
          ),
        ),
      );
      await wire.stop();
    },
  );
});

/** The line may be cut just now. */
async function subscribe(fanIn: FanIn, broadcastId: string, ear: Ear): ReturnType<FanIn['subscribe']> {
  for (;;)
    try {
      return await fanIn.subscribe({ broadcastId, channelId: 'c' }, ear);
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
    }
}
