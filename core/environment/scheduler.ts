import { z } from 'zod';
import { storeEnvironment } from './store.ts';

/** A name of AWS: clusters, families, groups, repositories. */
const name = z.string().regex(/^[\w./:-]{1,255}$/);

/** The environment of the scheduler's Lambda: written by its stack, read by lambda/scheduler. */
export const schedulerEnvironment = storeEnvironment
  .extend({
    /** Tag `tidecast:fleet` of the addresses, and dimension of the metrics. */
    FLEET: z.string().regex(/^[\w-]{1,32}$/),
    /** ECS cluster of the ingest tasks; nothing else runs there. */
    CLUSTER: name,
    /** Family of the task definition that the stack writes; its revisions for one image each are copied from it. */
    TASK_FAMILY: z.string().regex(/^[\w-]{1,200}$/),
    /** The container in it that runs the ingest image. */
    CONTAINER: z.string().regex(/^[\w-]{1,255}$/),
    HOST_GROUP: name,
    /** ECR repository, and the tag that a release moves. */
    REPOSITORY: name,
    RELEASE_TAG: z
      .string()
      .regex(/^[\w.-]{1,128}$/)
      .default('release'),
    /** A slot's target group is `<prefix>-<slot>`; a target group's name has at most 32 characters. */
    TARGET_GROUP_PREFIX: z.string().regex(/^[a-zA-Z0-9-]{1,24}$/),
    TARGET_PORT: z.coerce.number().int().min(1).max(65_535).default(8935),
    /** Both or neither: without a domain broadcasters use the addresses themselves. */
    ZONE_ID: z
      .string()
      .regex(/^[A-Z0-9]{1,32}$/)
      .optional(),
    /** Name of the front set, for example `ingest.live.example.com`; a slot is `in-07.` before it. */
    INGEST_DOMAIN: z
      .string()
      .regex(/^(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}$/)
      .optional(),
    /** JSON, read by environment/policy.ts; absent: the defaults of core/fleet/policy.ts. */
    POLICY: z.string().optional(),
    LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  })
  .refine((given) => (given.ZONE_ID === undefined) === (given.INGEST_DOMAIN === undefined), {
    path: ['INGEST_DOMAIN'],
    message: 'ZONE_ID and INGEST_DOMAIN are set together or not at all',
  });

export type SchedulerEnvironment = z.output<typeof schedulerEnvironment>;
