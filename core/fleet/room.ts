import { typicalPoints } from './cost.ts';

/** What a host of this type can hold, as its task was told (core/environment/ingest.ts). Shares of its cores. */
export interface RoomLimits {
  /** Points that it holds with its CPU at `high` (policy.hosts.roomPoints). */
  readonly points: number;
  readonly cpu: { readonly low: number; readonly high: number; readonly ceiling: number };
}

/**
 * Means over the same time: what was held, and what it cost. Both, so that a show that has just begun or
 * ended does not look as if it cost nothing or left nothing behind.
 */
export interface MeasuredLoad {
  readonly points: number;
  /** Share of the host's cores, 0–1. */
  readonly cpu: number;
}

/** Nobody extrapolates from one show at 5 % to twenty: measured room goes no further than twice what was seen. */
const furthestGrowth = 2;

/**
 * Points that a task may hold. Costs plan it; the measured CPU corrects it in proportion where it is outside
 * of the band: shows that cost more than planned leave as much room as fits under `high`, shows that cost
 * less as much as fits under `low`. Under a constant load it is constant (I6): points and CPU rise together.
 */
export function roomPoints(limits: RoomLimits, measured: MeasuredLoad | undefined): number {
  const { points, cpu } = limits;
  // Without a show there is nothing to correct by, whatever else the host is busy with.
  if (measured === undefined || measured.points <= 0 || measured.cpu <= 0) return points;
  if (measured.cpu > cpu.high) {
    return Math.min(points, Math.floor((measured.points * cpu.high) / measured.cpu));
  }
  if (measured.cpu >= cpu.low) return points;
  const growth = Math.min(furthestGrowth, cpu.low / measured.cpu);
  return Math.max(points, Math.floor(measured.points * growth));
}

/** What the door goes by. */
export interface DoorLoad {
  readonly usedPoints: number;
  readonly roomPoints: number;
  readonly cpu: number;
}

/**
 * Whether newcomers are refused for want of room; for broadcasts that come back nobody asks. `wasFull` makes
 * it a matter of two limits: it becomes full at the ceiling, and has room again only when one more show fits
 * into what the scheduler plans with (`high`), so that it does not open and close with every measurement.
 */
export function isFull(limits: RoomLimits, load: DoorLoad, wasFull: boolean): boolean {
  const { high, ceiling } = limits.cpu;
  const limit = wasFull ? high : ceiling;
  if (load.cpu >= limit) return true;
  // A host that is too small for one typical show takes one all the same.
  if (load.usedPoints === 0) return false;
  return load.usedPoints + typicalPoints > (load.roomPoints * limit) / high;
}
