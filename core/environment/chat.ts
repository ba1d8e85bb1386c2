import { z } from 'zod';
import { shardPattern } from '../chat/protocol.ts';
import { objectStoreUrl, storeEnvironment } from './store.ts';

const redisUrl = z
  .string()
  .regex(/^rediss?:\/\/[^\s@]+$/, 'must be redis://host:port or rediss://…, without a password');

/** The environment of a chat task: written by its service (and local/), read by containers/chat. */
export const chatEnvironment = storeEnvironment.extend({
  /** Stands in the path /chat/<shard>/. */
  SHARD: z.string().regex(shardPattern),
  /** Unique per start of a task; made up when absent. */
  TASK_ID: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .optional(),
  REDIS_URL: redisUrl,
  /** Password of Redis, if it has one. */
  REDIS_PASSWORD: z.string().min(1).optional(),
  HTTP_HOST: z.string().default('0.0.0.0'),
  HTTP_PORT: z.coerce.number().int().min(0).max(65_535).default(8090),
  OBJECT_STORE: objectStoreUrl,
  OIDC_ISSUER: z.url(),
  OIDC_CLIENT_ID: z.string().min(1),
  /** Sockets that a task of this size is made for: shards are compared by it. 5,000 take 40 % of a core at 100 ms (notes chat 5). */
  CAPACITY: z.coerce.number().int().positive().default(8_000),
  /** More sockets than this are refused (`busy`). */
  MAX_SOCKETS: z.coerce.number().int().positive().default(15_000),
  /** Handshakes a second: more wait in line. 3,500 go unnoticed by those who are there (notes chat 3). */
  ADMIT_PER_S: z.coerce.number().positive().default(3_500),
  /** Handshakes that wait; more are refused with 503 and a Retry-After. */
  ADMIT_QUEUE: z.coerce.number().int().positive().default(20_000),
  /** The shortest tick; it stretches to 100 and 200 ms with viewers and lag. */
  TICK_MS: z.coerce.number().positive().default(50),
  /** On deploy the sockets are sent away over this time. */
  DRAIN_S: z.coerce.number().nonnegative().default(60),
  /** `all` also takes HTTP long polling; needs stickiness on the load balancer. */
  TRANSPORTS: z.enum(['websocket', 'all']).default('all'),
  /** `emit` writes nothing past Socket.IO: for the day when a new version of it does not bear that. */
  DELIVERY: z.enum(['direct', 'emit']).default('direct'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

export type ChatEnvironment = z.output<typeof chatEnvironment>;
