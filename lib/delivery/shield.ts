/** Regions with an Origin Shield (CloudFront Developer Guide). */
const shields: ReadonlySet<string> = new Set([
  'us-east-1',
  'us-east-2',
  'us-west-2',
  'ap-south-1',
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-southeast-1',
  'ap-southeast-2',
  'eu-central-1',
  'eu-west-1',
  'eu-west-2',
  'sa-east-1',
]);

/** The nearest one to regions that have none (the same guide), and to whole continents for those to come. */
const nearest: readonly (readonly [string, string])[] = [
  ['us-west-1', 'us-west-2'],
  ['ap-northeast-3', 'ap-northeast-1'],
  ['ap-east', 'ap-southeast-1'],
  ['ap-south', 'ap-southeast-1'],
  ['ap-', 'ap-northeast-1'],
  ['ca-', 'us-east-1'],
  ['mx-', 'us-east-1'],
  ['sa-', 'sa-east-1'],
  ['eu-west-3', 'eu-west-2'],
  ['eu-', 'eu-central-1'],
  ['me-', 'ap-south-1'],
  ['il-', 'eu-central-1'],
  ['af-', 'eu-west-1'],
];

export const shieldRegion = (region: string): string =>
  shields.has(region) ? region : (nearest.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'us-east-1');
