import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFull, roomPoints, type DoorLoad, type RoomLimits } from '../../../core/fleet/room.ts';

const limits: RoomLimits = { points: 4000, cpu: { low: 0.5, high: 0.7, ceiling: 0.9 } };
const load = (usedPoints: number, cpu = 0.3, room = 4000): DoorLoad => ({
  usedPoints,
  roomPoints: room,
  cpu,
});

const shares = fc
  .tuple(fc.double({ min: 0.1, max: 0.5, noNaN: true }), fc.double({ min: 0.05, max: 0.2, noNaN: true }))
  .map(([low, step]) => ({ low, high: low + step, ceiling: low + 2 * step }));
const someLimits = fc.record({ points: fc.integer({ min: 500, max: 50_000 }), cpu: shares });
const someLoad = fc.record({
  points: fc.integer({ min: 0, max: 50_000 }),
  cpu: fc.double({ min: 0, max: 1.2, noNaN: true }),
});

describe('the room of a task', () => {
  it('is what was planned while nothing is known, nothing is held, or the CPU is in the band', () => {
    expect(roomPoints(limits, undefined)).toBe(4000);
    expect(roomPoints(limits, { points: 0, cpu: 0.95 })).toBe(4000);
    expect(roomPoints(limits, { points: 3000, cpu: 0.5 })).toBe(4000);
    expect(roomPoints(limits, { points: 3000, cpu: 0.7 })).toBe(4000);
  });

  it('shrinks in proportion when the shows cost more than planned', () => {
    expect(roomPoints(limits, { points: 3000, cpu: 0.84 })).toBe(2500);
    expect(roomPoints(limits, { points: 1000, cpu: 1 })).toBe(700);
  });

  it('never grows because the CPU is busy', () => {
    expect(roomPoints(limits, { points: 9000, cpu: 0.75 })).toBe(4000);
  });

  it('grows past the plan when the shows cost less, but not from one cheap show', () => {
    expect(roomPoints(limits, { points: 4000, cpu: 0.4 })).toBe(5000);
    expect(roomPoints(limits, { points: 1000, cpu: 0.01 })).toBe(4000);
    expect(roomPoints(limits, { points: 3000, cpu: 0.01 })).toBe(6000);
  });

  it('is whole, not negative, planned inside the band, at most the plan above it and at least the plan below', () => {
    fc.assert(
      fc.property(someLimits, someLoad, (some, measured) => {
        const room = roomPoints(some, measured);
        expect(Number.isInteger(room)).toBe(true);
        expect(room).toBeGreaterThanOrEqual(0);
        if (measured.cpu > some.cpu.high) expect(room).toBeLessThanOrEqual(some.points);
        else if (measured.cpu < some.cpu.low) expect(room).toBeGreaterThanOrEqual(some.points);
        else expect(room).toBe(some.points);
      }),
    );
  });

  it('does not rise with the CPU, the points being the same', () => {
    fc.assert(
      fc.property(
        someLimits,
        someLoad,
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        (some, measured, more) => {
          const busier = { ...measured, cpu: measured.cpu + more };
          // 0 means "not measured", which is no load at all.
          fc.pre(measured.cpu > 0);
          expect(roomPoints(some, busier)).toBeLessThanOrEqual(roomPoints(some, measured));
        },
      ),
    );
  });

  it('stays the same when shows of the same kind come and go outside of the band', () => {
    // A quarter of a core for each 1000 points, on one core: `high` is reached with 2800.
    for (const shows of [3, 4, 5])
      expect(roomPoints(limits, { points: shows * 1000, cpu: shows * 0.25 })).toBe(2800);
  });
});

describe('the door of a task', () => {
  it('takes a newcomer up to the ceiling and refuses the one that would pass it', () => {
    expect(isFull(limits, load(4000), false)).toBe(false);
    expect(isFull(limits, load(4142), false)).toBe(false);
    expect(isFull(limits, load(4143), false)).toBe(true);
  });

  it('refuses when the CPU is at the ceiling, however little is held', () => {
    expect(isFull(limits, load(1000, 0.9), false)).toBe(true);
    expect(isFull(limits, load(1000, 0.89), false)).toBe(false);
    expect(isFull(limits, load(0, 0.95), false)).toBe(true);
  });

  it('has room again only when one more fits into the planned room, and the CPU is below high', () => {
    expect(isFull(limits, load(4000, 0.6), true)).toBe(true);
    expect(isFull(limits, load(3000, 0.75), true)).toBe(true);
    expect(isFull(limits, load(3000, 0.6), true)).toBe(false);
  });

  it('takes one show even where there is planned room for none, and again when that one has ended', () => {
    expect(isFull(limits, load(0, 0.1, 300), false)).toBe(false);
    expect(isFull(limits, load(500, 0.1, 300), false)).toBe(true);
    expect(isFull(limits, load(0, 0.1, 300), true)).toBe(false);
  });

  it('does not flap: a load that changes neither way over both limits leaves it as it was', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            used: fc.integer({ min: 3001, max: 4142 }),
            cpu: fc.double({ min: 0.7, max: 0.899, noNaN: true }),
          }),
        ),
        fc.boolean(),
        (loads, wasFull) => {
          let full = wasFull;
          for (const { used, cpu } of loads) full = isFull(limits, load(used, cpu), full);
          expect(full).toBe(wasFull);
        },
      ),
    );
  });

  it('who is let in when it was full would also be let in when it was not', () => {
    fc.assert(
      fc.property(someLimits, someLoad, fc.nat(50_000), (some, { points, cpu }, used) => {
        const at = { usedPoints: used, roomPoints: points, cpu };
        if (!isFull(some, at, true)) expect(isFull(some, at, false)).toBe(false);
      }),
    );
  });
});
