import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputMonitor } from '../../../../containers/ingest/encoding/input-monitor.ts';
import { Headers } from '../../../../containers/ingest/encoding/headers.ts';
import { JpegSplitter } from '../../../../containers/ingest/encoding/jpeg-splitter.ts';
import { Pace } from '../../../../containers/ingest/encoding/pace.ts';
import { processCpuSeconds } from '../../../../containers/ingest/encoding/process-cpu.ts';
import { StderrLog } from '../../../../containers/ingest/encoding/stderr-log.ts';
import { holdMs } from '../../../../containers/ingest/encoding/write-pace.ts';
import { pino } from 'pino';
import { timingFor } from '../../../../core/media/timing.ts';

describe('thumbnails', () => {
  test('are cut apart, however the bytes arrive', () => {
    const picture = fc.uint8Array({ maxLength: 50 }).map((body) => {
      const escaped = [...body].flatMap((byte) => (byte === 0xff ? [0xff, 0] : [byte]));
      return Buffer.from([0xff, 0xd8, ...escaped, 0xff, 0xd9]);
    });
    fc.assert(
      fc.property(fc.array(picture), fc.array(fc.integer({ min: 1, max: 20 })), (pictures, sizes) => {
        const splitter = new JpegSplitter();
        const bytes = Buffer.concat(pictures);
        const got: string[] = [];
        for (let at = 0, n = 0; at < bytes.length; n++) {
          const size = sizes[n] ?? 1_000;
          got.push(
            ...splitter.push(bytes.subarray(at, at + size)).map((jpeg) => Buffer.from(jpeg).toString('hex')),
          );
          at += size;
        }
        expect(got).toEqual(pictures.map((jpeg) => jpeg.toString('hex')));
      }),
    );
  });
});

describe('the pace', () => {
  const play = (seconds: number, speed: number, pace = new Pace(), fromS = 0): Pace => {
    for (let s = fromS; s <= fromS + seconds; s++) {
      pace.produced(s * speed);
      pace.sample(s * 1_000, s);
    }
    return pace;
  };

  test('is the speed of the last seconds', () => {
    expect(play(10, 1).speed).toBeCloseTo(1);
    expect(play(10, 0.5).speed).toBeCloseTo(0.5);
    expect(play(1, 1).speed).toBeUndefined();
  });

  test('is slow when parts fall behind the input, and no longer when they have caught up', () => {
    expect(play(10, 1).slow).toBe(false);
    const pace = play(10, 0.7);
    expect(pace.slow).toBe(true);
    play(5, 1, pace, 11);
    expect(pace.slow).toBe(false);
  });

  test('is not slow when the encoder sends little', () => {
    const pace = new Pace();
    for (let s = 0; s <= 10; s++) {
      pace.produced(s / 2);
      pace.sample(s * 1_000, s / 2 + 0.6);
    }
    expect(pace.slow).toBe(false);
  });
});

describe('the input monitor', () => {
  const body = new Uint8Array(1_000);
  function monitored() {
    const clock = { ms: 0, now: () => clock.ms };
    const monitor = new InputMonitor({ headers: new Headers(), clock });
    let videoMs = 0;
    const tell = { encoder: undefined, jumps: 0, slow: false, speed: undefined, cpu: undefined, restarts: 0 };
    return {
      clock,
      tell,
      codes: () => monitor.state(tell).warnings.map(({ code }) => code),
      state: () => monitor.state(tell),
      /** Plays seconds of a source. */
      play(
        seconds: number,
        source: { fps?: number; keyEveryS?: number; audio?: boolean; video?: boolean; speed?: number },
      ) {
        const { fps = 30, keyEveryS = 2, audio = true, video = true, speed = 1 } = source;
        for (let n = 0; n < seconds * fps; n++) {
          clock.ms += 1000 / fps / speed;
          videoMs += 1000 / fps;
          const at = { positionMs: videoMs, arrivedAtMs: clock.ms, body };
          const key =
            Math.floor(videoMs / 1000 / keyEveryS) !== Math.floor((videoMs - 1000 / fps) / 1000 / keyEveryS);
          if (video) monitor.frame({ kind: 'video', key, ...at });
          if (audio) monitor.frame({ kind: 'audio', key: false, ...at });
        }
        monitor.state(tell);
      },
    };
  }

  test('measures rates', () => {
    const it = monitored();
    for (let s = 0; s < 6; s++) it.play(1, {});
    expect(it.state()).toMatchObject({
      framesPerSecond: 30,
      keyFrameIntervalS: expect.closeTo(2, 1) as unknown,
    });
    expect(it.state().videoBitrateBps).toBeCloseTo(240_000, -4);
    expect(it.codes()).toEqual([]);
  });

  test('warns of an encoder that is slower than real time, and no longer when it has recovered', () => {
    const it = monitored();
    for (let s = 0; s < 12; s++) it.play(1, { speed: 0.9 });
    expect(it.state().warnings).toMatchObject([
      { code: 'input-slow', text: expect.stringContaining('(0.90×)') as string },
    ]);
    for (let s = 0; s < 12; s++) it.play(1, {});
    expect(it.codes()).toEqual([]);
  });

  test('warns of long key-frame intervals with the number, and no longer when they are short', () => {
    const it = monitored();
    it.play(20, { keyEveryS: 8 });
    const [warning] = it.state().warnings;
    expect(warning).toEqual({ code: 'key-frame-interval', text: 'key-frame interval 8 s: set 2 s in OBS' });
    it.play(8, { keyEveryS: 2 });
    expect(it.codes()).toEqual([]);
  });

  test('warns before the second key frame has come', () => {
    const it = monitored();
    it.play(9, { keyEveryS: 4 });
    it.play(7, { keyEveryS: 1_000 });
    expect(it.codes()).toEqual(['key-frame-interval']);
  });

  test('warns of a missing track, and of nothing at all', () => {
    const it = monitored();
    it.play(5, { audio: false });
    expect(it.codes()).toEqual(['no-audio']);
    it.play(4, { video: false });
    expect(it.codes()).toEqual(['no-video']);
    it.play(3, {});
    expect(it.codes()).toEqual([]);
    it.clock.ms += 3_000;
    expect(it.codes()).toEqual(['input-stalled']);
  });

  test('warns of a jump for a while, and of slow encoding as long as it is', () => {
    const it = monitored();
    it.play(5, {});
    Object.assign(it.tell, { jumps: 1, slow: true });
    expect(it.codes()).toEqual(['transcode-slow', 'timestamp-jump']);
    it.tell.slow = false;
    expect(it.codes()).toEqual(['timestamp-jump']);
    it.play(31, {});
    expect(it.codes()).toEqual([]);
  });

  test('warns of an unsteady frame rate', () => {
    const it = monitored();
    for (let n = 0; n < 40; n++) {
      it.play(0.2, {});
      it.play(0.1, { fps: 10 });
    }
    expect(it.codes()).toEqual(['frame-rate-unsteady']);
  });
});

describe('ffmpeg’s standard error', () => {
  function logged() {
    const lines: Record<string, unknown>[] = [];
    const clock = { ms: 0, now: () => clock.ms };
    const sink = { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) };
    const log = new StderrLog({ log: pino({ level: 'trace' }, sink), clock });
    return { log, lines, clock };
  }

  test('becomes log lines of the right level', () => {
    const { log, lines } = logged();
    log.push('[h264 @ 0x55ca] [error] error while deco');
    log.push('ding MB 1 2\n[fatal] Out of memory\n[mp4 @ 0x1] [warning] odd\n');
    expect(lines.map(({ level, ffmpeg, part }) => [level, ffmpeg, part])).toEqual([
      [40, 'error while decoding MB 1 2', 'h264'],
      [50, 'Out of memory', undefined],
      [30, 'odd', 'mp4'],
    ]);
    expect(log.last).toBe('[mp4 @ 0x1] [warning] odd');
  });

  test('is limited, and says how much it left out', () => {
    const { log, lines, clock } = logged();
    for (let n = 0; n < 5_000; n++) log.push(`[error] line ${n}\n`);
    expect(lines).toHaveLength(20);
    clock.ms += 10_001;
    log.push('[error] later\n');
    expect(lines.map(({ msg }) => msg).slice(20)).toEqual([
      'more lines of ffmpeg left out',
      'ffmpeg reports an error',
    ]);
    expect(lines[20]).toMatchObject({ lines: 4_980 });
  });

  test('keeps no line without end', () => {
    const { log, lines } = logged();
    for (let n = 0; n < 100; n++) log.push('x'.repeat(10_000));
    log.end();
    expect(String(lines[0]?.['ffmpeg']).length).toBeLessThanOrEqual(500);
  });
});

describe('writes', () => {
  const timing = timingFor({ num: 30, den: 1 });

  test('go at once around the end of a part, and wait for others in between', () => {
    expect(holdMs(0, timing)).toBe(0);
    expect(holdMs(1_033, timing)).toBe(0);
    expect(holdMs(200, timing)).toBe(100);
    expect(holdMs(400, timing)).toBe(60);
    expect(holdMs(490, timing)).toBe(0);
  });

  test('never wait beyond the next part’s last frames', () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), (ms) => {
        const hold = holdMs(ms, timing);
        expect(hold).toBeGreaterThanOrEqual(0);
        expect((ms % 500) + hold).toBeLessThan(500);
      }),
    );
  });
});

describe('CPU time', () => {
  test.runIf(process.platform === 'linux')('of a process is read from /proc', () => {
    const before = processCpuSeconds(process.pid) ?? Number.NaN;
    while ((processCpuSeconds(process.pid) ?? Number.NaN) < before + 0.03);
    expect(processCpuSeconds(process.pid)).toBeGreaterThan(before);
  });

  test('of a process that is not there is unknown', () => {
    const { pid } = spawnSync('true');
    expect(processCpuSeconds(pid)).toBeUndefined();
  });
});
