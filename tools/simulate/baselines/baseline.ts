/** How another way to run the same trace would have done. */
export interface Baseline {
  readonly name: string;
  readonly hostHours: number;
  /** Broadcasts cut by scaling in; one that is cut twice counts twice. */
  readonly cutByScaling: number;
  /** Broadcasts cut by image releases. */
  readonly cutByReleases: number;
  readonly refused: number;
  readonly note: string;
  /** Hosts at each minute, for the report. */
  readonly hosts: Float64Array;
}

export interface BaselineOptions {
  readonly demand: Float64Array;
  readonly roomPoints: number;
  /** When images were released, ms since the trace's start. */
  readonly releases: readonly number[];
}

/** Broadcasts at a release: a service's deployment replaces every task within its stop timeout. */
export function cutByReleases({ demand, releases }: BaselineOptions, pointsOfOne: number): number {
  return Math.round(
    releases.reduce((sum, at) => sum + (demand[Math.floor(at / 60_000)] ?? 0) / pointsOfOne, 0),
  );
}
