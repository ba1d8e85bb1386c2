/**
 * How long messages are gathered before they go out together. A sweep costs a socket write per viewer however
 * much is in it, so the fewer sweeps the less CPU (notes chat 2.2): 50 ms while that is cheap, 100 ms up to what
 * a core carries at 40 %, 200 ms above, and when the loop is late: a server that is over its limit gets slower
 * by one step instead of falling behind.
 */
export interface TickFacts {
  /** The shortest tick (TICK_MS). */
  readonly shortestMs: number;
  readonly sockets: number;
  /** How late the last ticks were. */
  readonly lagMs: number;
}

export const mediumTickMs = 100;
export const longTickMs = 200;
const fewSockets = 2_500;
const manySockets = 5_000;
const muchLagMs = 50;

export function tickMs({ shortestMs, sockets, lagMs }: TickFacts): number {
  if (sockets > manySockets || lagMs > muchLagMs) return Math.max(shortestMs, longTickMs);
  if (sockets > fewSockets) return Math.max(shortestMs, mediumTickMs);
  return shortestMs;
}

/** Remembers lateness for some ticks, so that one quiet tick between two late ones does not shorten the next. */
export const rememberedLag = (beforeMs: number, lateMs: number): number => Math.max(lateMs, beforeMs * 0.8);
