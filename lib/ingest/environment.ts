import type { z } from 'zod';
import { ingestEnvironment } from '../../core/environment/ingest.ts';
import type { Settings } from '../config.ts';
import type { DataParts } from '../parts.ts';
import { ingestPorts } from './ports.ts';
import type { HostSizes } from './sizes.ts';

type Variable = keyof z.input<typeof ingestEnvironment>;

/** What the scheduler says at the start of each task (lambda/scheduler/aws/tasks.ts). */
export type SaidAtStart = 'SLOT' | 'HOST_ID' | 'IMAGE_DIGEST';

/** Where the task finds its spool. A folder of the host: it is there again after the process has crashed. */
export const spoolDir = '/spool';

/** A task that is told to end waits so long for its shows (26 h); nothing may kill it before. */
export const drainDeadlineS = ingestEnvironment.shape.DRAIN_DEADLINE_S.parse(undefined);

/** The task's environment, as core/environment/ingest.ts has it, but for what each start says. */
export function environmentOf(options: {
  readonly settings: Settings;
  readonly data: DataParts;
  readonly sizes: HostSizes;
  readonly region: string;
}): Record<string, string> {
  const { settings, data, sizes, region } = options;
  const { policy, ladder } = settings.ingest;
  return {
    TABLE_PREFIX: data.tables.prefix,
    AWS_REGION: region,
    OBJECT_STORE: `s3://${data.archive.bucketName}`,
    SPOOL_DIR: spoolDir,
    SPOOL_MAX_BYTES: String(sizes.spoolBytes),
    ROOM_POINTS: String(policy.hosts.roomPoints),
    CPU_LOW: String(policy.cpu.low),
    CPU_HIGH: String(policy.cpu.high),
    CPU_CEILING: String(policy.cpu.ceiling),
    GRACE_WINDOW_S: String(policy.graceMs / 1000),
    DRAIN_DEADLINE_S: String(drainDeadlineS),
    // Both families: the kernel gives IPv4 connections to it as well.
    RTMP_HOST: '::',
    RTMP_PORT: String(ingestPorts.rtmp),
    RTMPS_PORT: String(ingestPorts.rtmps),
    RELAY_PORT: String(ingestPorts.relay),
    HTTP_PORT: String(ingestPorts.http),
    ...(ladder === undefined ? {} : { LADDER: ladder }),
    ...(settings.domain === undefined
      ? {}
      : { FRONT_URL: `rtmp://${settings.domain.ingestName}:${ingestPorts.rtmp}/live` }),
  } satisfies Partial<Record<Exclude<Variable, SaidAtStart>, string>>;
}
