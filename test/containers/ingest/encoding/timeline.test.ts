import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Timeline, type TrackKind } from '../../../../containers/ingest/encoding/timeline.ts';

const wrap = 2 ** 32;
const modulo = (ms: number): number => ((ms % wrap) + wrap) % wrap;

describe('the timeline', () => {
  test('starts at 0, wherever the encoder does', () => {
    expect(new Timeline().place('video', 4_000_000_000, 0)).toBe(0);
  });

  test('goes on over the wrap of the 32-bit timestamp', () => {
    const timeline = new Timeline();
    const positions = [-40, 0, 40, 80].map((ms) => timeline.place('video', modulo(ms), 0));
    expect(positions).toEqual([0, 40, 80, 120]);
    expect(timeline.jumps).toBe(0);
  });

  test('moves sound and picture by the same offset at a jump', () => {
    const timeline = new Timeline();
    const place = (kind: TrackKind, ms: number): number => timeline.place(kind, modulo(ms), 0);
    expect(place('video', 1_000)).toBe(0);
    expect(place('audio', 1_010)).toBe(10);
    expect(place('video', 1_033)).toBe(33);
    // Back by half a minute; the sound still 10 ms behind the picture.
    expect(place('video', -28_934)).toBe(66);
    expect(place('audio', -28_924)).toBe(76);
    expect(timeline.jumps).toBe(1);
  });

  test('knows messages from before the jump that come after it', () => {
    const timeline = new Timeline();
    for (const ms of [0, 33, 66]) timeline.place('video', ms, 0);
    timeline.place('audio', 40, 0);
    expect(timeline.place('video', 600_099, 0)).toBe(99);
    expect(timeline.place('audio', 61, 0)).toBe(61);
    expect(timeline.place('video', 600_132, 0)).toBe(132);
    expect(timeline.place('audio', 600_082, 0)).toBe(82);
    expect(timeline.jumps).toBe(1);
  });

  test('clamps small disorder', () => {
    const timeline = new Timeline();
    const positions = [0, 33, 20, 66].map((ms) => timeline.place('video', ms, 0));
    expect(positions).toEqual([0, 33, 33, 66]);
    expect(timeline.jumps).toBe(0);
  });

  test('takes a gap in which time went by for a gap, and one without for a jump', () => {
    const slept = new Timeline();
    slept.place('video', 0, 0);
    expect(slept.place('video', 5_000, 5_000)).toBe(5_000);
    expect(slept.jumps).toBe(0);
    const jumped = new Timeline();
    jumped.place('video', 0, 0);
    expect(jumped.place('video', 5_000, 40)).toBe(33);
    expect(jumped.jumps).toBe(1);
  });

  /** Stretches between jumps. Their offsets differ by 10 s or more: smaller jumps are disorder or gaps. */
  const stretches = fc.uniqueArray(
    fc.record({
      offsetMs: fc.nat(400_000).map((n) => n * 10_000),
      steps: fc.array(fc.tuple(fc.constantFrom<TrackKind>('audio', 'video'), fc.nat(100)), {
        minLength: 1,
        maxLength: 30,
      }),
    }),
    { selector: ({ offsetMs }) => offsetMs, minLength: 1, maxLength: 12 },
  );

  test('never goes back, whatever the timestamps are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom<TrackKind>('audio', 'video'), fc.nat(wrap - 1), fc.nat(10_000))),
        (messages) => {
          const timeline = new Timeline();
          const last = { audio: Number.NEGATIVE_INFINITY, video: Number.NEGATIVE_INFINITY };
          let now = 0;
          for (const [kind, timestampMs, elapsedMs] of messages) {
            now += elapsedMs;
            const position = timeline.place(kind, timestampMs, now);
            expect(position).toBeGreaterThanOrEqual(last[kind]);
            last[kind] = position;
          }
        },
      ),
    );
  });

  test('keeps the distance of sound and picture between jumps', () => {
    fc.assert(
      fc.property(stretches, (list) => {
        const timeline = new Timeline();
        const start = list[0]?.offsetMs ?? 0;
        const last = {
          video: timeline.place('video', start, 0),
          audio: timeline.place('audio', start, 0),
        };
        let trueMs = 0;
        for (const { offsetMs, steps } of list) {
          let shift: number | undefined;
          for (const [kind, stepMs] of steps) {
            trueMs += stepMs;
            const position = timeline.place(kind, modulo(trueMs + offsetMs), trueMs);
            // Equal to the last: clamped.
            if (position > last[kind]) {
              shift ??= position - trueMs;
              expect(position - trueMs).toBe(shift);
            }
            last[kind] = position;
          }
        }
        expect(timeline.jumps).toBe(list.length - 1);
      }),
      { numRuns: 500 },
    );
  });
});
