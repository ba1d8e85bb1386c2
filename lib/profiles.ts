import type { Policy } from '../core/fleet/policy.ts';

export type Profile = 'small' | 'standard' | 'event';

/** What a profile decides. Everything in it can also be set by itself (config.ts). */
export interface ProfileSettings {
  /** Zones that everything is spread over. */
  readonly zones: number;
  /**
   * Programs without a public address reach the internet through NAT gateways, one a zone: 0 gives each task a
   * public address of its own instead, which nothing may connect to.
   */
  readonly natGateways: number;
  readonly ingest: {
    readonly instanceType: string;
    /** Slots and target groups that are made; hosts are never more. */
    readonly maxHosts: number;
    /** What the planner is told, beside what follows from the instance type and `maxHosts`. */
    readonly policy: {
      readonly hosts: Pick<Policy['hosts'], 'min'>;
      readonly buffer: Pick<Policy['buffer'], 'absolutePoints'>;
      readonly front: Pick<Policy['front'], 'minAddresses'>;
    };
  };
  readonly chat: {
    readonly shards: readonly string[];
    readonly cpu: number;
    readonly memoryMiB: number;
    readonly minTasks: number;
    readonly maxTasks: number;
    readonly redisNode: string;
    /** A second node in another zone takes over when the first one fails. */
    readonly redisReplica: boolean;
  };
  readonly api: {
    readonly cpu: number;
    readonly memoryMiB: number;
    readonly minTasks: number;
    readonly maxTasks: number;
  };
  readonly delivery: {
    /** CloudFront gives each 150 Gbps and 250,000 requests/s before anybody is asked (notes aws B4). */
    readonly mediaDistributions: number;
    readonly originShield: boolean;
  };
  readonly logsKeptDays: number;
}

/** Fargate's sizes go in steps; a Node program uses one core, and 2 GiB hold 15,000 sockets (11 kB each) well. */
const oneCore = { cpu: 1024, memoryMiB: 2048 } as const;
const quarterCore = { cpu: 256, memoryMiB: 512 } as const;

export const profiles: Readonly<Record<Profile, ProfileSettings>> = {
  /** To try it out: one of everything, no NAT. About $8 a day at rest in Tokyo, added up by hand (notes aws B11). */
  small: {
    zones: 2,
    natGateways: 0,
    ingest: {
      instanceType: 'c8g.xlarge',
      maxHosts: 3,
      // One host, with room for one 1080p ladder: the next one starts when it is taken.
      policy: { hosts: { min: 1 }, buffer: { absolutePoints: 500 }, front: { minAddresses: 1 } },
    },
    chat: {
      shards: ['a'],
      ...quarterCore,
      minTasks: 1,
      maxTasks: 4,
      redisNode: 'cache.t4g.micro',
      redisReplica: false,
    },
    api: { ...quarterCore, minTasks: 1, maxTasks: 4 },
    delivery: { mediaDistributions: 1, originShield: false },
    logsKeptDays: 14,
  },
  /** Everyday operation: whatever fails, another one of it goes on. */
  standard: {
    zones: 2,
    natGateways: 1,
    ingest: {
      instanceType: 'c8g.4xlarge',
      maxHosts: 50,
      policy: { hosts: { min: 2 }, buffer: { absolutePoints: 2_000 }, front: { minAddresses: 2 } },
    },
    chat: {
      shards: ['a', 'b'],
      ...oneCore,
      minTasks: 2,
      maxTasks: 20,
      redisNode: 'cache.t4g.small',
      redisReplica: true,
    },
    api: { ...oneCore, minTasks: 2, maxTasks: 20 },
    delivery: { mediaDistributions: 1, originShield: true },
    logsKeptDays: 90,
  },
  /** Shows with 300,000 viewers: three zones, and more of what has a limit of its own. */
  event: {
    zones: 3,
    natGateways: 3,
    ingest: {
      instanceType: 'c8g.4xlarge',
      maxHosts: 100,
      policy: { hosts: { min: 3 }, buffer: { absolutePoints: 8_000 }, front: { minAddresses: 3 } },
    },
    chat: {
      shards: ['a', 'b', 'c', 'd'],
      ...oneCore,
      minTasks: 3,
      // 300,000 sockets in one shard at 8,000 a task, and a third more.
      maxTasks: 50,
      redisNode: 'cache.m7g.large',
      redisReplica: true,
    },
    api: { ...oneCore, minTasks: 3, maxTasks: 60 },
    delivery: { mediaDistributions: 6, originShield: true },
    logsKeptDays: 90,
  },
};
