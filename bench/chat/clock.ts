/** ms since 1970 with a fraction, the same on all processes of this machine. */
export const wallMs = (): number => performance.timeOrigin + performance.now();

/** The value below which this share of the sorted values lies. NaN without any. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
