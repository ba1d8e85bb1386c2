import { describe, expect, it } from 'vitest';
import { rememberedLag, tickMs } from '../../../core/chat/tick.ts';

const tick = (sockets: number, lagMs = 0, shortestMs = 50): number => tickMs({ shortestMs, sockets, lagMs });

describe('the tick', () => {
  it('stretches with the sockets', () => {
    expect([0, 2_500, 2_501, 5_000, 5_001, 20_000].map((sockets) => tick(sockets))).toEqual([
      50, 50, 100, 100, 200, 200,
    ]);
  });

  it('stretches when the loop is late', () => {
    expect([tick(10, 50), tick(10, 51)]).toEqual([50, 200]);
  });

  it('is never shorter than it may be', () => {
    expect([tick(0, 0, 150), tick(3_000, 0, 150), tick(9_000, 0, 300)]).toEqual([150, 150, 300]);
  });

  it('remembers lateness for some ticks, and forgets it', () => {
    expect(rememberedLag(0, 120)).toBe(120);
    let lagMs = 120;
    let ticks = 0;
    for (; lagMs > 50; ticks += 1) lagMs = rememberedLag(lagMs, 0);
    expect(ticks).toBeGreaterThan(2);
    expect(ticks).toBeLessThan(10);
  });
});
