/**
 * Posts through the whole API (token, bans, filters, limits, store, publication) to a viewer's screen, with the
 * API alone on a core; then at twice the platform's limit. Beside it the floor: the same requests to Fastify
 * that checks the token and does nothing more.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { clientCore, startPinned } from './chat/pinned.ts';
import type { PostFigures, WorldQuestion } from './chat/post-world.ts';

const seconds = 8;
const underWay = 48;

function tell(name: string, figures: PostFigures): void {
  const { postsPerS, refusedPerS, p50Ms, p99Ms, apiCpu, failed, unseen } = figures;
  console.log(
    [
      name.padEnd(34),
      `${postsPerS.toFixed(0).padStart(5)} posts/s`,
      `${refusedPerS.toFixed(0).padStart(5)} refused/s`,
      `p50 ${p50Ms.toFixed(0)} ms, p99 ${p99Ms.toFixed(0)} ms`,
      `API ${(apiCpu * 100).toFixed(0)} % of its core`,
      ...(failed + unseen === 0 ? [] : [`${failed} failed, ${unseen} unseen`]),
    ].join('  '),
  );
  if (failed + unseen > 0) throw new Error('posts were lost or failed: the figures say nothing');
}

export async function run(args: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const { values } = parseArgs({ args: [...args], options: { people: { type: 'string', default: '1000' } } });
  const world = await startPinned(clientCore, join(import.meta.dirname, 'chat', 'post-world.ts'), []);
  const ask = <Answer>(question: WorldQuestion): Promise<Answer> => world.ask<Answer>(question);
  const measure = async (name: string, question: WorldQuestion): Promise<PostFigures> => {
    const figures = await ask<PostFigures>(question);
    tell(name, figures);
    return figures;
  };
  try {
    const people = Number(values.people);
    await ask({ do: 'open', people });
    await ask({ do: 'limits', platform: 100_000 });
    await measure('warming up', { do: 'flat-out', underWay, seconds: 4 });
    const floor = await measure('floor, flat out', { do: 'floor', underWay, seconds: 4 });
    const most = await measure('flat out', { do: 'flat-out', underWay, seconds });
    const half = await measure('at half of that', {
      do: 'steadily',
      perS: Math.round(most.postsPerS / 2),
      seconds,
    });
    // A world in which nothing is left to archive of what was said before.
    await ask({ do: 'close' });
    await ask({ do: 'open', people });
    // Twice the limit must be what the machine can be asked at all.
    const limit = Math.round(most.postsPerS / 4);
    await ask({ do: 'limits', platform: limit });
    // All ways of an answer, refusals too, are compiled after it; and the burst is spent.
    await measure('warming up again', { do: 'steadily', perS: limit * 2, seconds });
    const below = await measure('at 0.9 of the platform’s limit', {
      do: 'steadily',
      perS: limit * 0.9,
      seconds: seconds * 3,
    });
    const above = await measure('at 2 × the platform’s limit', {
      do: 'steadily',
      perS: limit * 2,
      seconds: seconds * 3,
    });
    const round = (value: number): number => Math.round(value * 100) / 100;
    return {
      posts_per_s: Math.round(most.postsPerS),
      posts_per_cpu_s: Math.round(most.postsPerS / most.apiCpu),
      p99_ms: Math.round(half.p99Ms),
      flat_out_p99_ms: Math.round(most.p99Ms),
      platform_limit: limit,
      accepted_per_s: Math.round(above.postsPerS),
      refused_per_s: Math.round(above.refusedPerS),
      unloaded_p99_ms: Math.round(below.p99Ms),
      accepted_p99_ms: Math.round(above.p99Ms),
      accepted_vs_unloaded: round(above.p99Ms / below.p99Ms),
      floor_posts_per_cpu_s: Math.round(floor.postsPerS / floor.apiCpu),
    };
  } finally {
    await ask({ do: 'close' }).catch(() => undefined);
    await world.stop();
  }
}
