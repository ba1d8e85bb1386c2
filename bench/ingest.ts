/** CPU of the ingest task's Node process beside that of its ffmpegs, at 1, 2, 4 … broadcasts of small pictures. */
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loopedFile, startEncoder, testPicture, type Encoder } from '../test/support/encoder.ts';
import { startTestPlatform, type TestPlatform } from '../test/support/platform.ts';

/** USER_HZ on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** CPU seconds used so far by a process; 0 when it is gone. */
function cpuSeconds(pid: number): number {
  try {
    // Fields 14 and 15 of proc(5), counted after the command's name, which may hold spaces.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  } catch {
    return 0;
  }
}

function childrenOf(parent: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]) === parent;
      } catch {
        return false;
      }
    });
}

/** A show encoded once: the encoders of this bench only copy it, so that they take no CPU from what is measured. */
function makeShow(folder: string): string {
  const file = join(folder, 'show.flv');
  const made = spawnSync(process.env['FFMPEG'] ?? 'ffmpeg', [
    '-loglevel',
    'error',
    '-y',
    ...testPicture().slice(1),
    '-t',
    '20',
    '-f',
    'flv',
    file,
  ]);
  if (made.status !== 0) throw new Error(`ffmpeg could not make the show: ${made.stderr.toString()}`);
  return file;
}

async function measure(
  platform: TestPlatform,
  seconds: number,
): Promise<{ readonly node: number; readonly ffmpeg: number }> {
  const { pid } = platform.task();
  const ffmpegs = childrenOf(pid);
  const before = { node: cpuSeconds(pid), ffmpeg: ffmpegs.map(cpuSeconds) };
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  return {
    node: (cpuSeconds(pid) - before.node) / seconds,
    ffmpeg: ffmpegs.reduce((sum, child, i) => sum + cpuSeconds(child) - (before.ffmpeg[i] ?? 0), 0) / seconds,
  };
}

export async function run(args: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '20' },
      counts: { type: 'string', default: '1,2,4' },
      ladder: { type: 'string', default: '360p,160p' },
      preset: { type: 'string', default: 'veryfast' },
    },
  });
  const platform = await startTestPlatform({ ladder: values.ladder, x264Preset: values.preset });
  const encoders: Encoder[] = [];
  try {
    const show = makeShow(platform.data);
    console.log(
      `640x360 at 30 fps, renditions ${values.ladder}, preset ${values.preset}, ${values.seconds} s each\n`,
    );
    console.log('broadcasts   node CPU   ffmpeg CPU   node share');
    let last = { broadcasts: 0, node_cpu_share: Number.NaN };
    for (const count of values.counts.split(',').map(Number)) {
      while (encoders.length < count) {
        const channel = await platform.newChannel(`Channel ${encoders.length + 1}`);
        encoders.push(startEncoder(channel.target, loopedFile(show)));
        await channel.live();
      }
      const { node, ffmpeg } = await measure(platform, Number(values.seconds));
      const share = node / (node + ffmpeg);
      console.log(
        `${String(count).padStart(10)}   ${node.toFixed(3).padStart(8)}   ${ffmpeg.toFixed(3).padStart(10)}   ${share.toFixed(4).padStart(10)}`,
      );
      last = { broadcasts: count, node_cpu_share: Math.round(share * 10_000) / 10_000 };
    }
    return last;
  } finally {
    await Promise.all(encoders.map((encoder) => encoder.kill()));
    await platform.remove();
  }
}
