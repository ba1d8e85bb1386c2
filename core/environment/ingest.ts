import { z } from 'zod';
import { objectStoreUrl, storeEnvironment } from './store.ts';

const port = z.coerce.number().int().min(0).max(65_535);

/** The environment of an ingest task: written by the task definition (and local/), read by containers/ingest. */
export const ingestEnvironment = storeEnvironment.extend({
  /** Unique per start of a task; on ECS the last part of the task's ARN. */
  TASK_ID: z.string().regex(/^[\w-]{1,64}$/),
  /** The slot's name as it stands in /live/<slot>/, for example `in-07`. */
  SLOT: z.string().regex(/^[a-z0-9-]{1,32}$/),
  RTMP_HOST: z.string().default('0.0.0.0'),
  RTMP_PORT: port.default(1935),
  /** RTMPS is on when certificate and key files are named. */
  RTMPS_PORT: port.default(1936),
  RTMPS_CERT_FILE: z.string().optional(),
  RTMPS_KEY_FILE: z.string().optional(),
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
  X264_PRESET: z.enum(['ultrafast', 'superfast', 'veryfast', 'faster', 'fast', 'medium']).default('veryfast'),
  GRACE_WINDOW_S: z.coerce.number().positive().default(60),
  FFMPEG: z.string().default('ffmpeg'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

export type IngestEnvironment = z.output<typeof ingestEnvironment>;
