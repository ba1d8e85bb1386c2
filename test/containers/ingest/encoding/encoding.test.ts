import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { generateMessages, interleaved, shifted } from '../../../streams/messages.ts';
import { decode, expectExactParts, lengthS, risesS } from './expectations.ts';
import { Recording, startOfShowMs } from './recording.ts';

const recordings: Recording[] = [];
const record = (...options: ConstructorParameters<typeof Recording>): Recording => {
  const recording = new Recording(...options);
  recordings.push(recording);
  return recording;
};

afterEach(() => {
  for (const recording of recordings.splice(0)) recording.encoding.kill();
});

const onlyRun = ({ runs }: Recording) => {
  expect(runs).toHaveLength(1);
  const [run] = runs;
  if (run === undefined) throw new Error('no run');
  return run;
};

/** A frame and a bit of AAC's smear. */
const togetherS = 0.05;

/** Each flash with its beep, counted from the end: the first may begin before the run does. */
function expectTogether(flashes: readonly number[], beeps: readonly number[], count: number): void {
  expect(flashes.length).toBeGreaterThanOrEqual(count);
  for (let last = 1; last <= count; last++)
    expect(Math.abs((flashes.at(-last) ?? 0) - (beeps.at(-last) ?? 0))).toBeLessThan(togetherS);
}

/** Not so when it is a zombie that nobody has waited for. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

describe('parts are exact and aligned', () => {
  test.each([
    ['24000/1001', 24000, 1001, 12],
    ['24', 24, 1, 12],
    ['25', 25, 1, 12],
    ['30000/1001', 30000, 1001, 15],
    ['30', 30, 1, 15],
    ['50', 50, 1, 25],
    ['60000/1001', 60000, 1001, 30],
    ['60', 60, 1, 30],
  ])('at %s frames a second', async (rate, num, den, framesPerPart) => {
    const recording = record();
    await recording.feed(await generateMessages({ seconds: 5, rate, bFrames: 2 }));
    await recording.encoding.end();
    expect(recording.timing).toMatchObject({ frameRate: { num, den }, framesPerPart });
    const run = onlyRun(recording);
    expect(run.ended).toBe(true);
    expectExactParts(recording, run);
    expect(lengthS(run)).toBeCloseTo(5, 0);
    expect(run.fragments.size).toBe(recording.plan?.ladder.length);
  });

  test('in every rendition of a ladder', async () => {
    const recording = record();
    await recording.feed(await generateMessages({ seconds: 4, size: '854x480' }));
    await recording.encoding.end();
    const run = onlyRun(recording);
    expect([...run.fragments.keys()].sort()).toEqual(['160p', '360p', '480p']);
    expectExactParts(recording, run);
  });

  test('when the frame rate varies', async () => {
    const recording = record();
    // Of ten frames two are missing, and for half a second all but one in six.
    const select = 'gt(mod(n,10),1)*(not(between(t,2,2.5))+not(mod(n,6)))';
    await recording.feed(await generateMessages({ seconds: 5, select }));
    await recording.encoding.end();
    expectExactParts(recording, onlyRun(recording));
    expect(lengthS(onlyRun(recording))).toBeCloseTo(5, 0);
  });

  test('when the key frames are 10 s apart', async () => {
    const recording = record();
    await recording.feed(await generateMessages({ seconds: 12, keyFrameEvery: 300 }));
    await recording.encoding.end();
    expectExactParts(recording, onlyRun(recording));
  });

  test('when the resolution changes in mid-show', async () => {
    const recording = record();
    const wide = await generateMessages({ seconds: 3 });
    const tall = shifted(await generateMessages({ seconds: 3, size: '180x320', audioHz: 48_000 }), 3_000);
    await recording.feed([...wide, ...tall]);
    await recording.encoding.end();
    const run = onlyRun(recording);
    expectExactParts(recording, run);
    expect(lengthS(run)).toBeCloseTo(6, 0);
  });
});

describe('media time', () => {
  test('0 is when the first frame arrived', async () => {
    const recording = record();
    await recording.feed(await generateMessages({ seconds: 2 }));
    await recording.encoding.end();
    const { run } = onlyRun(recording);
    expect(run.id).toBe('7-1');
    expect(run.startedAtMs - startOfShowMs).toBeLessThan(60);
    expect(run.startedAtMs).toBeGreaterThanOrEqual(startOfShowMs);
  });

  test('keeps sound and picture together', async () => {
    const recording = record();
    await recording.feed(await generateMessages({ seconds: 5, flashAndBeep: true, bFrames: 2 }));
    await recording.encoding.end();
    const { brightness, loudness } = await decode(recording, onlyRun(recording), '160p');
    expectTogether(risesS(brightness, 128, 30), risesS(loudness, 0.1, 100), 4);
  });

  test.each([
    ['back by an hour', -3_600_000],
    ['back by five seconds', -5_000],
    ['forward by an hour', 3_600_000],
    ['forward over the wrap', 2 ** 32 - 1_000],
  ])('goes on when timestamps jump %s, with sound and picture together', async (_, byMs) => {
    const recording = record();
    const messages = await generateMessages({ seconds: 5, flashAndBeep: true, keyFrameEvery: 30 });
    const before = messages.filter(({ timestampMs }) => timestampMs < 2_500);
    const after = messages.filter(({ timestampMs }) => timestampMs >= 2_500);
    const arrival = new Map([...before, ...after].map((message) => [message.payload, message.timestampMs]));
    await recording.feed([...before, ...shifted(after, byMs)], ({ payload }) => arrival.get(payload) ?? 0);
    await recording.encoding.end();
    const run = onlyRun(recording);
    expectExactParts(recording, run);
    expect(lengthS(run)).toBeCloseTo(5, 0);
    const { brightness, loudness } = await decode(recording, run, '160p');
    expectTogether(risesS(brightness, 128, 30), risesS(loudness, 0.1, 100), 4);
  });
});

describe('sound and picture are always there', () => {
  test('silence when the encoder sends no sound', async () => {
    const recording = record();
    await recording.feed(await generateMessages({ seconds: 4, audioHz: false }));
    await recording.encoding.end();
    expect(recording.source).toMatchObject({ hasAudio: false, hasVideo: true });
    const run = onlyRun(recording);
    expectExactParts(recording, run);
    const { loudness } = await decode(recording, run, '160p');
    expect(loudness.length).toBeGreaterThan(380);
    expect(Math.max(...loudness)).toBeLessThan(0.001);
  });

  test('a black picture when the encoder sends none', async () => {
    const recording = record();
    await recording.feed(await generateMessages({ seconds: 5, rate: false }));
    await recording.encoding.end();
    expect(recording.source).toMatchObject({ hasAudio: true, hasVideo: false, width: 640, height: 360 });
    const run = onlyRun(recording);
    expectExactParts(recording, run);
    expect(lengthS(run)).toBeGreaterThan(4.8);
    const { brightness, loudness } = await decode(recording, run, '160p');
    expect(Math.max(...brightness)).toBeLessThan(32);
    expect(loudness.filter((peak) => peak > 0.05).length).toBeGreaterThan(470);
  });

  test('when sound starts late', async () => {
    const recording = record();
    const picture = await generateMessages({ seconds: 6, audioHz: false, flashAndBeep: true });
    const sound = await generateMessages({ seconds: 6, rate: false, flashAndBeep: true });
    const late = sound.filter(
      ({ timestampMs, kind }) => kind === 'audio' && (timestampMs === 0 || timestampMs > 3_500),
    );
    const [header, ...rest] = late;
    if (header === undefined) throw new Error('no sound');
    await recording.feed(interleaved(picture, shifted([header], 3_500), rest));
    await recording.encoding.end();
    const run = onlyRun(recording);
    expectExactParts(recording, run);
    const { brightness, loudness } = await decode(recording, run, '160p');
    const beeps = risesS(loudness, 0.1, 100);
    expect(beeps).toHaveLength(2);
    expectTogether(risesS(brightness, 128, 30), beeps, 2);
  });

  test('when sound vanishes for a while, and no part is held back meanwhile', async () => {
    const recording = record();
    const all = await generateMessages({ seconds: 9, flashAndBeep: true });
    const gone = ({ timestampMs }: { timestampMs: number }): boolean =>
      timestampMs > 2_500 && timestampMs < 6_500;
    const messages = all.filter((message) => message.kind !== 'audio' || !gone(message));
    await recording.feed(messages.filter(({ timestampMs }) => timestampMs < 6_400));
    // All but the part under way is out while there is no sound.
    await recording.until(() => recording.fragmentCount >= 12);
    await recording.feed(messages.filter(({ timestampMs }) => timestampMs >= 6_400));
    await recording.encoding.end();
    const run = onlyRun(recording);
    expectExactParts(recording, run);
    const { brightness, loudness } = await decode(recording, run, '160p');
    const beeps = risesS(loudness, 0.1, 100);
    expect(beeps.filter((at) => at > 2.6 && at < 6.4)).toEqual([]);
    expectTogether(risesS(brightness, 128, 30), beeps, 2);
  });

  test('when the picture vanishes for a while', async () => {
    const recording = record();
    const all = await generateMessages({ seconds: 9, keyFrameEvery: 30 });
    const messages = all.filter(
      ({ kind, timestampMs }) => kind !== 'video' || timestampMs < 2_500 || timestampMs > 6_500,
    );
    await recording.feed(messages);
    await recording.encoding.end();
    const run = onlyRun(recording);
    expectExactParts(recording, run);
    expect(lengthS(run)).toBeCloseTo(9, 0);
    const { brightness } = await decode(recording, run, '160p');
    expect(Math.max(...brightness.slice(30 * 4, 30 * 6))).toBeLessThan(32);
    expect(Math.min(...brightness.slice(30 * 8))).toBeGreaterThan(32);
  });
});

describe('the end and faults', () => {
  test('end() brings the last fragments and runEnded', async () => {
    const recording = record();
    await recording.feed(await generateMessages({ seconds: 3.2 }));
    await recording.encoding.end();
    const run = onlyRun(recording);
    expect(run.ended).toBe(true);
    expect(lengthS(run)).toBeGreaterThan(3.1);
    expect(recording.encoding.pid).toBeUndefined();
  });

  test('end() before the source is known resolves, and nothing is said', async () => {
    const recording = record();
    await recording.encoding.end();
    expect(recording.runs).toEqual([]);
  });

  test('a killed ffmpeg is followed by another run, from the next key frame on', async () => {
    const recording = record({ limits: { backOffMs: [0], tickMs: 10 } });
    const messages = await generateMessages({ seconds: 8, keyFrameEvery: 30 });
    const first = messages.filter(({ timestampMs }) => timestampMs < 3_000);
    const rest = messages.filter(({ timestampMs }) => timestampMs >= 3_000);
    await recording.feed(first);
    await recording.until(() => recording.fragmentCount >= 4);
    const { pid } = recording.encoding;
    if (pid === undefined) throw new Error('no process');
    process.kill(pid, 'SIGKILL');
    await recording.until(() => recording.runs[0]?.ended === true);
    await recording.until(() => recording.encoding.pid !== undefined);
    await recording.feed(rest);
    await recording.encoding.end();
    expect(recording.runs.map(({ run }) => run.id)).toEqual(['7-1', '7-2']);
    const [, second] = recording.runs;
    if (second === undefined) throw new Error('no second run');
    expectExactParts(recording, second);
    expect(lengthS(second)).toBeGreaterThan(3.9);
    expect(second.run.startedAtMs).toBeGreaterThanOrEqual(startOfShowMs + 3_000);
    expect(recording.encoding.stats.ffmpegRestarts).toBe(1);
  });

  test('a program that is not there is tried again and again, and end() still ends', async () => {
    const recording = record({ ffmpeg: '/nonexistent/ffmpeg', limits: { backOffMs: [1], tickMs: 5 } });
    await recording.feed(await generateMessages({ seconds: 2 }));
    await recording.until(() => recording.inputs.some(({ ffmpegRestarts }) => ffmpegRestarts >= 3));
    await recording.encoding.end();
    expect(recording.runs).toEqual([]);
  });

  test('kill() ends the run at once and says nothing afterwards', async () => {
    const recording = record();
    await recording.feed(await generateMessages({ seconds: 3 }));
    await recording.until(() => recording.fragmentCount >= 2);
    recording.encoding.kill();
    expect(onlyRun(recording).ended).toBe(true);
  });

  test('a hung ffmpeg is killed when it should end', async () => {
    const recording = record({ limits: { flushMs: 50 } });
    await recording.feed(await generateMessages({ seconds: 3 }));
    await recording.until(() => recording.fragmentCount >= 2);
    const { pid } = recording.encoding;
    if (pid === undefined) throw new Error('no process');
    process.kill(pid, 'SIGSTOP');
    await recording.encoding.end();
    expect(onlyRun(recording).ended).toBe(true);
    expect(() => process.kill(pid, 0)).toThrow();
  });

  test('a full queue pauses the encoder, and an ffmpeg that takes nothing is replaced', async () => {
    const recording = record({
      limits: { pauseAtBytes: 1_000_000, stuckMs: 50, tickMs: 10, backOffMs: [0] },
      realTime: true,
    });
    const large = await generateMessages({ seconds: 5, size: '1280x720', videoOptions: ['-qp', '10'] });
    await recording.feed(await generateMessages({ seconds: 2 }));
    await recording.until(() => recording.fragmentCount >= 2);
    const { pid } = recording.encoding;
    if (pid === undefined) throw new Error('no process');
    process.kill(pid, 'SIGSTOP');
    await recording.feed(shifted(large, 2_000));
    expect(recording.backPressure).toContain('pause');
    await recording.until(() => recording.runs[0]?.ended === true);
    expect(recording.backPressure.at(-1)).toBe('resume');
    await recording.until(() => (recording.inputs.at(-1)?.ffmpegRestarts ?? 0) >= 1);
    expect(recording.encoding.pid).not.toBe(pid);
  });

  test('frames that come while the plan is made are not lost', async () => {
    const plan = Promise.withResolvers<NonNullable<Recording['plan']>>();
    const made = record();
    const messages = await generateMessages({ seconds: 3 });
    await made.feed(messages);
    if (made.plan === undefined) throw new Error('no plan');
    const recording = record({ plan: plan.promise });
    await recording.feed(messages);
    plan.resolve(made.plan);
    await recording.until(() => recording.fragmentCount >= 4);
    await recording.encoding.end();
    expect(lengthS(onlyRun(recording))).toBeGreaterThan(2.9);
    expect(onlyRun(recording).run.startedAtMs - startOfShowMs).toBeLessThan(60);
  });

  test('pictures of garbage do no harm but to themselves', async () => {
    const recording = record({ limits: { backOffMs: [0], tickMs: 10 } });
    const messages = await generateMessages({ seconds: 6, keyFrameEvery: 30 });
    const noise = Buffer.alloc(300, 0x5a);
    const garbled = messages.map((message) =>
      message.kind === 'video' && message.timestampMs > 1_000 && message.timestampMs < 3_000
        ? Object.assign({}, message, { payload: Buffer.concat([message.payload.subarray(0, 5), noise]) })
        : message,
    );
    await recording.feed(garbled);
    await recording.encoding.end();
    const last = recording.runs.at(-1);
    if (last === undefined) throw new Error('no run');
    expectExactParts(recording, last);
    expect(lengthS(last)).toBeCloseTo(6, 0);
  });

  test('ffmpeg does not outlive a process that is killed', async () => {
    const script = fileURLToPath(new URL('orphan.ts', import.meta.url));
    const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  });

  test('what no ladder fits is refused with the reason', async () => {
    const recording = record();
    await recording.feed(await generateMessages({ seconds: 0.2, size: '4400x16' }));
    expect(recording.refusals).toEqual([expect.stringContaining('a picture of 4400×16')]);
    expect(recording.encoding.pid).toBeUndefined();
  });
});

describe('what else it tells', () => {
  test('a thumbnail in the first second, 360 high, and another ten seconds on', async () => {
    const recording = record();
    await recording.feed(await generateMessages({ seconds: 12 }));
    await recording.until(() => recording.thumbnails.length >= 2);
    await recording.encoding.end();
    expect(recording.thumbnails).toHaveLength(2);
    const [jpeg] = recording.thumbnails;
    expect([...(jpeg ?? [])].slice(0, 2)).toEqual([0xff, 0xd8]);
    expect([...(jpeg ?? [])].slice(-2)).toEqual([0xff, 0xd9]);
  });

  test('the state of the input', async () => {
    const recording = record({ limits: { tickMs: 20 } });
    await recording.feed(await generateMessages({ seconds: 5, keyFrameEvery: 60, size: '640x360' }));
    // It was fed faster than real time: on a busy machine ffmpeg has to catch up first, and says that it is slow.
    await recording.until(
      () =>
        recording.inputs.at(-1)?.keyFrameIntervalS === 2 &&
        recording.inputs.at(-1)?.warnings.every(({ code }) => code !== 'transcode-slow') === true,
    );
    expect(recording.inputs.at(-1)).toMatchObject({
      width: 640,
      height: 360,
      framesPerSecond: 30,
      audioCodec: 'mp4a.40.2',
      videoCodec: expect.stringMatching(/^avc1\.42c0/) as unknown,
      encoder: expect.stringMatching(/^Lavf/) as unknown,
      ffmpegRestarts: 0,
      warnings: [],
    });
    await recording.encoding.end();
  });
});
