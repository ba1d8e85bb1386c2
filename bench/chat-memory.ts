/** What an idle viewer costs the chat task: its process' resident memory with ten thousand, less what it has with none. */
import { parseArgs } from 'node:util';
import { broadcastId } from '../test/containers/chat/harness.ts';
import { sleep } from './chat/clock.ts';
import { openStage } from './chat/measure.ts';
import type { SubjectFigures, SubjectName } from './chat/subjects.ts';

/** The first ones bring code and pools that later ones share. */
const warmUp = 200;
const settleMs = 3_000;

async function kbPerSocket(name: SubjectName, viewers: number, deflate: boolean): Promise<number> {
  const stage = await openStage(name);
  try {
    const come = (count: number): Promise<unknown> =>
      stage.crowd.ask({
        do: 'join',
        ...stage.address,
        auth: { broadcast: broadcastId },
        viewers: count,
        deflate,
      });
    const rss = async (): Promise<number> => {
      await sleep(settleMs);
      return (await stage.subject.ask<SubjectFigures>({ do: 'end' })).rssBytes;
    };
    await come(warmUp);
    const before = await rss();
    await come(viewers);
    return ((await rss()) - before) / viewers / 1_000;
  } finally {
    await stage.close();
  }
}

export async function run(args: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const { values } = parseArgs({
    args: [...args],
    options: { viewers: { type: 'string', default: '10000' } },
  });
  const viewers = Number(values.viewers);
  const figures: Record<string, number> = { sockets: viewers };
  for (const [figure, name, deflate] of [
    ['kb_per_socket', 'ours', false],
    ['kb_per_deflating_socket', 'ours', true],
    ['socketio_default_kb_per_socket', 'default', false],
    ['raw_kb_per_socket', 'raw', false],
  ] as const) {
    figures[figure] = Math.round((await kbPerSocket(name, viewers, deflate)) * 10) / 10;
    console.log(`${String(figures[figure]).padStart(6)} kB  ${figure}`);
  }
  return figures;
}
