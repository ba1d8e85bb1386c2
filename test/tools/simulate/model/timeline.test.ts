import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Timeline } from '../../../../tools/simulate/model/timeline.ts';

describe('the timeline', () => {
  it('runs what is planned in the order of its times, equal times in the order of their planning', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 60 }), (times) => {
        const timeline = new Timeline(0);
        const ran: (readonly [number, number])[] = [];
        times.forEach((at, n) => timeline.at(at, () => ran.push([at, n])));
        timeline.advance(20);
        const expected = times.map((at, n) => [at, n] as const).toSorted(([a, n], [b, m]) => a - b || n - m);
        expect(ran).toEqual(expected);
      }),
    );
  });

  it('shows each event its own time, and stands at the end where it was told to', () => {
    const timeline = new Timeline(100);
    const seen: number[] = [];
    timeline.after(5, () => {
      seen.push(timeline.now);
      timeline.after(10, () => seen.push(timeline.now));
    });
    timeline.advance(200);
    expect(seen).toEqual([105, 115]);
    expect(timeline.now).toBe(200);
  });

  it('moves on when an event itself lets time pass, and never back', () => {
    const timeline = new Timeline(0);
    const seen: string[] = [];
    timeline.at(10, () => {
      timeline.advance(30);
      seen.push(`first ends at ${timeline.now}`);
    });
    timeline.at(20, () => seen.push(`second at ${timeline.now}`));
    timeline.advance(15);
    expect(seen).toEqual(['second at 20', 'first ends at 30']);
    expect(timeline.now).toBe(30);
  });

  it('stops for somebody who is woken, and not for one who changed his mind', () => {
    const timeline = new Timeline(0);
    const woken: string[] = [];
    timeline.wakeAfter(10, () => woken.push('a'));
    timeline.wakeAfter(5, () => woken.push('b'))();
    expect(timeline.advanceUntilWoken(100)).toBe(true);
    expect(timeline.now).toBe(10);
    expect(timeline.advanceUntilWoken(100)).toBe(false);
    expect(timeline.now).toBe(100);
    expect(woken).toEqual(['a']);
  });
});
