/** Regions whose zones are not a, b, c for everybody: older accounts have never seen ap-northeast-1b. */
const known: Readonly<Record<string, readonly string[]>> = {
  'ap-northeast-1': ['a', 'c', 'd'],
  'us-west-1': ['b', 'c'],
  'ca-central-1': ['a', 'b', 'd'],
};

/** Asking AWS for them would need credentials to synthesise; `tidecast doctor` compares. */
export const zonesOf = (region: string, count: number): readonly string[] =>
  (known[region] ?? ['a', 'b', 'c']).slice(0, count).map((letter) => region + letter);
