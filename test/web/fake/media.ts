import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FragmentSplitter } from '../../../core/media/fmp4/splitter.ts';
import { codecsOf } from '../../../core/media/fmp4/codecs.ts';
import type { Fragment } from '../../../core/media/flow.ts';
import type { Rendition } from '../../../core/media/ladder.ts';

export interface FakeRendition {
  readonly rendition: Rendition;
  readonly codecs: ReturnType<typeof codecsOf>;
  readonly init: Uint8Array;
  /** 0.5 s each, four to a segment. */
  readonly parts: readonly Fragment[];
}

const sizes = [
  { name: '360p', width: 640, height: 360, videoBitrateBps: 500_000, audioBitrateBps: 48_000 },
  { name: '160p', width: 284, height: 160, videoBitrateBps: 120_000, audioBitrateBps: 48_000 },
] as const satisfies readonly Rendition[];

/** Makes a minute of test picture and tone in two renditions with the flags of the real transcoder. */
export async function makeMedia(seconds: number): Promise<readonly FakeRendition[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tidecast-fake-'));
  try {
    const encode =
      '-c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p -g 40 -keyint_min 40 -sc_threshold 0 ' +
      '-c:a aac -b:a 48k -shortest -f mp4 -frag_duration 500000 ' +
      '-movflags +empty_moov+default_base_moof+frag_keyframe+cmaf';
    const outputs = sizes.map(
      ({ name, width, height, videoBitrateBps }) =>
        `-map 0:v -map 1:a -vf scale=${width}:${height} -b:v ${videoBitrateBps} ${encode} ${join(folder, name)}`,
    );
    const inputs =
      `-f lavfi -i testsrc2=size=640x360:rate=20:duration=${seconds} ` +
      `-f lavfi -i sine=frequency=330:sample_rate=48000:duration=${seconds}`;
    await promisify(execFile)('ffmpeg', `-nostdin -v error ${inputs} ${outputs.join(' ')}`.split(' '));
    return await Promise.all(sizes.map((size) => read(join(folder, size.name), size)));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function read(file: string, rendition: Rendition): Promise<FakeRendition> {
  const units = new FragmentSplitter().push(await readFile(file));
  const init = units.find((unit) => unit.kind === 'init')?.bytes;
  if (init === undefined) throw new Error('ffmpeg wrote no init segment');
  const parts = units.flatMap((unit) => (unit.kind === 'fragment' ? [unit.fragment] : []));
  return { rendition, init, parts, codecs: codecsOf(init) };
}
