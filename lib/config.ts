/**
 * What a platform engineer writes into `tidecast.config.ts`, and what the stacks read. A bad value is told with
 * what would be right, before anything is synthesised.
 */
import { z } from 'zod';
import { shardPattern } from '../core/chat/protocol.ts';
import { PolicyError, readPolicy } from '../core/environment/policy.ts';
import { defaultPolicy, slotNames, type Policy } from '../core/fleet/policy.ts';
import { instanceFacts, type InstanceFacts } from './instances.ts';
import { profiles, type Profile, type ProfileSettings } from './profiles.ts';
import { zonesOf } from './zones.ts';

/** The configuration can't be used. The message has a line for each fault. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const count = z.int().min(0);
const atLeastOne = z.int().min(1);
const domainName = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;

const domainSchema = z.strictObject({
  /** What viewers type, for example `live.example.com`; encoders get `ingest.` before it. */
  name: z.string().regex(domainName, 'must be a host name in small letters, like live.example.com'),
  /** The public hosted zone that holds the name, in this account. */
  zoneId: z.string().regex(/^Z[A-Z0-9]{5,31}$/, 'must be the id of a hosted zone, like Z0123456789ABC'),
  /** Name of that zone, for example `example.com`. */
  zoneName: z.string().regex(domainName, 'must be the name of the hosted zone, like example.com'),
});

const fargate = {
  /** 1024 are one core. */
  cpu: z.literal([256, 512, 1024, 2048, 4096]).optional(),
  memoryMiB: z.int().min(512).max(30_720).optional(),
  minTasks: atLeastOne.optional(),
  maxTasks: atLeastOne.optional(),
};

const schema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{1,15}$/, 'must be 2 to 16 small letters, digits and hyphens, a letter first')
    .default('tidecast'),
  account: z
    .string()
    .regex(/^\d{12}$/, 'must be the 12 digits of an AWS account')
    .optional(),
  region: z.string().regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'must be a region of AWS, like ap-northeast-1'),
  profile: z.enum(['small', 'standard', 'event']),
  domain: domainSchema.optional(),
  identity: z
    .strictObject({ issuer: z.url({ protocol: /^https$/ }), clientId: z.string().min(1) })
    .optional(),
  zones: z
    .array(z.string().regex(/^[a-z]{2}(?:-[a-z]+)+-\d[a-z]$/, 'must be a zone, like ap-northeast-1a'))
    .min(2)
    .max(4)
    .optional(),
  vpcCidr: z
    .string()
    .regex(
      /^(?:\d{1,3}\.){3}0\/16$/,
      'must be a /16, like 10.40.0.0/16: each zone needs room for 8,000 tasks',
    )
    .default('10.40.0.0/16'),
  natGateways: count.max(4).optional(),
  ingest: z
    .strictObject({
      instanceType: z.string().optional(),
      maxHosts: atLeastOne
        .max(100, 'one load balancer has 100 target groups, so there are at most 100 hosts')
        .optional(),
      addressQuota: atLeastOne.default(5),
      ladder: z.string().min(1).optional(),
      policy: z.record(z.string(), z.unknown()).optional(),
    })
    .default({ addressQuota: 5 }),
  chat: z
    .strictObject({
      shards: z
        .array(z.string().regex(shardPattern, 'must be up to 16 small letters, digits and hyphens'))
        .min(1)
        .max(30)
        .refine((names) => new Set(names).size === names.length, 'a shard is named twice')
        .optional(),
      ...fargate,
      redisNode: z
        .string()
        .regex(/^cache\.[a-z0-9]+\.[a-z0-9]+$/, 'must be a node type, like cache.t4g.small')
        .optional(),
      redisReplica: z.boolean().optional(),
      /** Takes HTTP long polling too: the load balancer sets a cookie for it. */
      polling: z.boolean().default(true),
      drainS: z
        .int()
        .min(10)
        .max(105, 'Fargate gives a task 120 s to end, and after the drain it takes 15')
        .default(60),
    })
    .default({ polling: true, drainS: 60 }),
  api: z.strictObject(fargate).default({}),
  delivery: z
    .strictObject({
      mediaDistributions: atLeastOne.max(20).optional(),
      originShield: z.boolean().optional(),
      priceClass: z.enum(['100', '200', 'all']).default('200'),
    })
    .default({ priceClass: '200' }),
  logsKeptDays: z.literal([1, 3, 5, 7, 14, 30, 60, 90, 180, 365, 731]).optional(),
  alarmEmail: z.email('must be an e-mail address').optional(),
  /** Stops two schedulers from running at once one step earlier; accounts with a quota under 100 can't have it. */
  reservedConcurrency: z.boolean().default(false),
  /** `destroy` leaves recordings and tables where they are. */
  keepData: z.boolean().default(true),
});

/** What stands in `tidecast.config.ts`. Only region and profile have no default. */
export type TidecastConfig = z.input<typeof schema>;

/** For the editor's help in `tidecast.config.ts`; checks nothing yet. */
export const defineConfig = (config: TidecastConfig): TidecastConfig => config;

/** Everything decided: what the stacks read. */
export interface Settings {
  readonly name: string;
  /** Absent: that of whose credentials are used. */
  readonly account: string | undefined;
  readonly region: string;
  readonly profile: Profile;
  readonly domain: Domain | undefined;
  readonly identity: { readonly issuer: string; readonly clientId: string } | undefined;
  readonly zones: readonly string[];
  readonly vpcCidr: string;
  readonly natGateways: number;
  readonly ingest: {
    readonly instance: InstanceFacts;
    readonly ladder: string | undefined;
    readonly policy: Policy;
  };
  readonly chat: ProfileSettings['chat'] & { readonly polling: boolean; readonly drainS: number };
  readonly api: ProfileSettings['api'];
  readonly delivery: ProfileSettings['delivery'] & { readonly priceClass: '100' | '200' | 'all' };
  readonly logsKeptDays: number;
  readonly alarmEmail: string | undefined;
  readonly reservedConcurrency: boolean;
  readonly keepData: boolean;
}

export interface Domain {
  readonly name: string;
  readonly zoneId: string;
  readonly zoneName: string;
  /** Name of the front set. */
  readonly ingestName: string;
}

/** @throws ConfigError that names each bad setting, its value and what it may be. */
export function readConfig(given: unknown): Settings {
  const result = schema.safeParse(given);
  if (!result.success) throw new ConfigError(faults(given, result.error.issues));
  const config = result.data;
  const profile = profiles[config.profile];
  const chat = { ...profile.chat, ...defined(config.chat) };
  const api = { ...profile.api, ...defined(config.api) };
  const zones = config.zones ?? zonesOf(config.region, profile.zones);
  const wrong = [
    ...(config.domain === undefined ? [] : domainFaults(config.domain)),
    ...zones.flatMap((zone) =>
      zone.startsWith(config.region) ? [] : [`  zones: ${zone} does not lie in ${config.region}`],
    ),
    ...tasksFaults('chat', chat),
    ...tasksFaults('api', api),
  ];
  const instance = instanceFacts(config.ingest.instanceType ?? profile.ingest.instanceType);
  if (typeof instance === 'string') wrong.push(`  ingest.instanceType: ${instance}`);
  if (typeof instance === 'string' || wrong.length > 0)
    throw new ConfigError(`tidecast.config.ts can't be used:\n${wrong.join('\n')}`);
  const { domain } = config;
  return {
    name: config.name,
    account: config.account,
    region: config.region,
    profile: config.profile,
    domain: domain && { ...domain, ingestName: `ingest.${domain.name}` },
    identity: config.identity,
    zones,
    vpcCidr: config.vpcCidr,
    natGateways: config.natGateways ?? profile.natGateways,
    ingest: { instance, ladder: config.ingest.ladder, policy: policyOf(config, profile, instance) },
    chat,
    api,
    delivery: { ...profile.delivery, ...defined(config.delivery) },
    logsKeptDays: config.logsKeptDays ?? profile.logsKeptDays,
    alarmEmail: config.alarmEmail,
    reservedConcurrency: config.reservedConcurrency,
    keepData: config.keepData,
  };
}

function policyOf(
  { ingest, domain }: z.output<typeof schema>,
  profile: ProfileSettings,
  instance: InstanceFacts,
): Policy {
  const maxHosts = ingest.maxHosts ?? profile.ingest.maxHosts;
  const { hosts, buffer, front } = profile.ingest.policy;
  const base: Policy = {
    ...defaultPolicy,
    hosts: { ...defaultPolicy.hosts, ...hosts, max: maxHosts, roomPoints: instance.roomPoints },
    buffer: { ...defaultPolicy.buffer, ...buffer },
    front: { ...defaultPolicy.front, ...front },
    addresses: { ...defaultPolicy.addresses, quota: ingest.addressQuota },
    slots: slotNames(maxHosts),
    hasDomain: domain !== undefined,
  };
  try {
    return readPolicy(JSON.stringify(ingest.policy ?? {}), base);
  } catch (cause) {
    if (!(cause instanceof PolicyError)) throw cause;
    throw new ConfigError(`tidecast.config.ts can't be used: in ingest.policy, ${cause.message}`, { cause });
  }
}

const domainFaults = ({ name, zoneName }: z.output<typeof domainSchema>): readonly string[] =>
  name === zoneName || name.endsWith(`.${zoneName}`)
    ? []
    : [`  domain.name: ${name} does not lie in the zone ${zoneName}`];

const tasksFaults = (
  part: string,
  {
    minTasks,
    maxTasks,
    cpu,
    memoryMiB,
  }: { minTasks: number; maxTasks: number; cpu: number; memoryMiB: number },
): readonly string[] => [
  ...(minTasks > maxTasks ? [`  ${part}.minTasks: ${minTasks} is above ${part}.maxTasks (${maxTasks})`] : []),
  // Fargate: 2 to 8 GiB a core.
  ...(memoryMiB < cpu * 2 || memoryMiB > cpu * 8
    ? [`  ${part}.memoryMiB: ${memoryMiB} does not go with cpu ${cpu}: from ${cpu * 2} to ${cpu * 8}`]
    : []),
];

/** What is left out, or set to undefined, leaves the profile as it is. */
const defined = <T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

function faults(given: unknown, issues: readonly z.core.$ZodIssue[]): string {
  const valueAt = (path: readonly PropertyKey[]): unknown =>
    path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], given);
  const lines = issues.map(({ path, message }) => {
    const value = JSON.stringify(valueAt(path)) ?? 'missing';
    return `  ${path.join('.') || 'the whole'}: ${message} (it is ${value.slice(0, 100)})`;
  });
  return `tidecast.config.ts can't be used:\n${lines.join('\n')}`;
}
