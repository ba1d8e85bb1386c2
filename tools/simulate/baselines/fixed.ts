import type { Baseline, BaselineOptions } from './baseline.ts';

/** The clairvoyant lower bound: each minute the fewest hosts that hold what is live, as if shows could be moved. */
export function lowerBound({ demand, roomPoints }: BaselineOptions): Baseline {
  const hosts = demand.map((points) => Math.ceil(points / roomPoints));
  return {
    name: 'clairvoyant lower bound',
    hostHours: hosts.reduce((sum, count) => sum + count, 0) / 60,
    cutByScaling: 0,
    cutByReleases: 0,
    refused: 0,
    note: 'as if running shows could be moved between hosts at no cost; cannot be reached',
    hosts,
  };
}

/** So many hosts as the highest minute needs, all the time: somebody must have known it before. */
export function fixedAtPeak(options: BaselineOptions, cut: number): Baseline {
  const { demand, roomPoints } = options;
  const most = Math.ceil(demand.reduce((most, points) => Math.max(most, points), 0) / roomPoints);
  return {
    name: 'fixed at the peak',
    hostHours: (most * demand.length) / 60,
    cutByScaling: 0,
    cutByReleases: cut,
    refused: 0,
    note: 'sized by hindsight for the highest minute and packed without loss; releases replace tasks as a service does',
    hosts: new Float64Array(demand.length).fill(most),
  };
}
