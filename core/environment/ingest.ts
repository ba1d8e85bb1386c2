import { z } from 'zod';
import { objectStoreUrl, storeEnvironment } from './store.ts';

const port = z.coerce.number().int().min(0).max(65_535);
/** Of the host's cores. */
const share = z.coerce.number().positive().max(1);

/** What the scheduler and the host tell a task about its place in the fleet; all of it has a default for a task without one. */
const fleetEnvironment = z.object({
  /** The EC2 instance. */
  HOST_ID: z.string().min(1).default('local'),
  /** Digest of the image that the task was started with. */
  IMAGE_DIGEST: z.string().min(1).default('none'),
  /** How often the task says how it is (policy.staleness counts on 5 s); less only where everything is faster. */
  HEARTBEAT_S: z.coerce.number().positive().default(5),
  /** Points (core/fleet/cost.ts) that this type of host holds with its CPU at CPU_HIGH; policy.hosts.roomPoints. */
  ROOM_POINTS: z.coerce.number().int().positive().default(4000),
  /** Cores that the shares of CPU are of; what the process may use when absent. */
  HOST_CORES: z.coerce.number().positive().optional(),
  /** The band of policy.cpu, and where the door closes. */
  CPU_LOW: share.default(0.5),
  CPU_HIGH: share.default(0.7),
  CPU_CEILING: share.default(0.9),
  /** A task told to end (SIGTERM) waits so long for its broadcasts: 26 h, longer than a show around the clock. The orchestrator must not kill it before. */
  DRAIN_DEADLINE_S: z.coerce.number().positive().default(93_600),
  /** Where encoders find a server that takes them, for those that can be sent there: rtmp://ingest.example.com/live. */
  FRONT_URL: z
    .string()
    .regex(/^rtmps?:\/\/[^\s@]+$/, 'must be rtmp://host[:port]/app or rtmps://…')
    .optional(),
});

/** The environment of an ingest task: written by the task definition (and local/), read by containers/ingest. */
export const ingestEnvironment = storeEnvironment
  .extend(fleetEnvironment.shape)
  .extend({
    /** Unique per start of a task. Absent on ECS, where it is the last part of the task's ARN and read from there. */
    TASK_ID: z
      .string()
      .regex(/^[\w-]{1,64}$/)
      .optional(),
    /** The slot's name as it stands in /live/<slot>/, for example `in-07`. */
    SLOT: z.string().regex(/^[a-z0-9-]{1,32}$/),
    RTMP_HOST: z.string().default('0.0.0.0'),
    RTMP_PORT: port.default(1935),
    /** RTMPS is on when certificate and key files are named. */
    RTMPS_PORT: port.default(1936),
    RTMPS_CERT_FILE: z.string().optional(),
    RTMPS_KEY_FILE: z.string().optional(),
    /** Connections that one address may have; more where a forwarder makes all encoders come from one. */
    RTMP_MAX_PER_ADDRESS: z.coerce.number().int().positive().optional(),
    /** For other tasks, which pass newcomers on to this one when they have no room: reachable from inside the fleet's network only. */
    RELAY_HOST: z.string().default('0.0.0.0'),
    RELAY_PORT: z.union([z.literal('off'), port]).default(1937),
    /** How other tasks reach it: host, or host:port. This host's first address when absent. */
    RELAY_ADVERTISE: z
      .string()
      .regex(/^([\w.-]+|\[[\da-fA-F:]+\])(:\d{1,5})?$/, 'must be host or host:port')
      .optional(),
    HTTP_HOST: z.string().default('0.0.0.0'),
    HTTP_PORT: port.default(8935),
    OBJECT_STORE: objectStoreUrl,
    /** Segments wait here until object storage has confirmed them. Survives a crash of the process. */
    SPOOL_DIR: z.string().min(1),
    /** 4 GiB: an hour of a 9 Mbps ladder. */
    SPOOL_MAX_BYTES: z.coerce
      .number()
      .int()
      .positive()
      .default(4 * 1024 ** 3),
    /** Rungs to offer (core/media/rungs.ts): `720p,360p`, `hd:900:4000`; the default ladder when absent. */
    LADDER: z.string().optional(),
    /** x264 preset: faster presets cost less CPU and more bits. */
    X264_PRESET: z
      .enum(['ultrafast', 'superfast', 'veryfast', 'faster', 'fast', 'medium'])
      .default('veryfast'),
    GRACE_WINDOW_S: z.coerce.number().positive().default(60),
    FFMPEG: z.string().default('ffmpeg'),
    LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  })
  .refine((read) => read.CPU_LOW <= read.CPU_HIGH && read.CPU_HIGH <= read.CPU_CEILING, {
    path: ['CPU_HIGH'],
    message: 'must lie between CPU_LOW and CPU_CEILING',
  });

export type IngestEnvironment = z.output<typeof ingestEnvironment>;
