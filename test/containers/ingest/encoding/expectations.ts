import { expect } from 'vitest';
import { codecsOf } from '../../../../core/media/fmp4/codecs.ts';
import { framesPerSecond } from '../../../../core/media/rational.ts';
import { run as runProgram } from '../../../streams/generate.ts';
import type { RecordedRun, Recording } from './recording.ts';

/** Every part of every rendition exactly as long as planned, on one grid, a key frame at each segment. */
export function expectExactParts({ plan }: Recording, { inits, fragments }: RecordedRun): void {
  if (plan === undefined) throw new Error('there is no plan');
  const { timing, ladder } = plan;
  const tables = ladder.map(({ name }) => {
    const init = inits.get(name);
    if (init === undefined) throw new Error(`no init segment of ${name}`);
    const codecs = codecsOf(init);
    expect(codecs.audio).toBe('mp4a.40.2');
    expect(codecs.video).toMatch(/^avc1\./);
    return (fragments.get(name) ?? []).map(({ startS, durationS, independent }) => ({
      // Tick of the grid: whole numbers if exact.
      start: round(startS / timing.partDurationS),
      duration: round(durationS / timing.partDurationS),
      independent,
    }));
  });
  const expected = (tables[0] ?? []).map((part, index, all) => ({
    start: index,
    // The last one ends where the stream does.
    duration: index === all.length - 1 ? part.duration : 1,
    independent: index % timing.partsPerSegment === 0,
  }));
  expect(expected.length).toBeGreaterThan(0);
  for (const table of tables) expect(table).toEqual(expected);
}

const round = (value: number): number => Math.round(value * 1e6) / 1e6;

/** Seconds of media in a run. */
export function lengthS({ fragments }: RecordedRun): number {
  const last = fragments.values().next().value?.at(-1);
  return last === undefined ? 0 : last.startS + last.durationS;
}

/** One rendition of a run as a file. */
export function fileOf(run: RecordedRun, rendition: string): Buffer {
  const fragments = run.fragments.get(rendition) ?? [];
  return Buffer.concat([run.inits.get(rendition) ?? Buffer.of(), ...fragments.map(({ bytes }) => bytes)]);
}

const audioHz = 8_000;

export interface Decoded {
  /** Mean brightness of each frame, 0 to 255. */
  readonly brightness: readonly number[];
  /** Peak of each 10 ms of sound, 0 to 1. */
  readonly loudness: readonly number[];
}

/** What a viewer would see and hear, from media time 0 on. */
export async function decode(recording: Recording, run: RecordedRun, rendition: string): Promise<Decoded> {
  const file = fileOf(run, rendition);
  const rate = framesPerSecond(recording.timing.frameRate);
  const read = '-v error -f mp4 -i pipe:0';
  const picture = `${read} -map 0:v -vsync cfr -r ${rate} -vf scale=2:2:flags=area,format=gray -f rawvideo pipe:1`;
  const sound = `${read} -map 0:a -af aresample=${audioHz}:async=1:first_pts=0 -ac 1 -f s16le pipe:1`;
  const [gray, samples] = await Promise.all([
    runProgram('ffmpeg', picture.split(' '), file),
    runProgram('ffmpeg', sound.split(' '), file),
  ]);
  const brightness = Array.from({ length: gray.length / 4 }, (_, frame) => gray[frame * 4] ?? 0);
  const perStep = audioHz / 100;
  const loudness = Array.from({ length: Math.floor(samples.length / 2 / perStep) }, (_, step) => {
    let peak = 0;
    for (let i = 0; i < perStep; i++)
      peak = Math.max(peak, Math.abs(samples.readInt16LE((step * perStep + i) * 2)));
    return peak / 32_768;
  });
  return { brightness, loudness };
}

/** Seconds at which a series rises above a threshold. */
export function risesS(series: readonly number[], threshold: number, perSecond: number): number[] {
  return series.flatMap((value, index) =>
    value > threshold && index > 0 && (series[index - 1] ?? 0) <= threshold ? [index / perSecond] : [],
  );
}
