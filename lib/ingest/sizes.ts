import { typicalPoints } from '../../core/fleet/cost.ts';
import type { Policy } from '../../core/fleet/policy.ts';
import type { InstanceFacts } from '../instances.ts';

const gibi = 1024 ** 3;

/** A host's disk and memory, and what of them the task gets. */
export interface HostSizes {
  /** SPOOL_MAX_BYTES. */
  readonly spoolBytes: number;
  readonly volumeGiB: number;
  readonly taskMemoryMiB: number;
  /** ECS's units: 1,024 a core. */
  readonly taskCpu: number;
  /** What the agent keeps back of the memory that it reports: ECS_RESERVED_MEMORY. */
  readonly reservedMemoryMiB: number;
}

/** An hour of a 9 Mbps ladder, as core/environment/ingest.ts has it for one show: so long object storage may be away. */
const spoolBytesPerShow = 4 * gibi;
/** The snapshot of the ECS-optimised image has 30 GiB: system, images, logs. A volume can't have less. */
const systemGiB = 30;
/**
 * Of the memory that the instance type promises, Linux reports 94 to 97 % to ECS. A task that asks for more than
 * there is can be placed nowhere.
 */
const reportedShare = 0.9;
/** The agent (100 MiB), Docker, the system's own services. */
const reservedMemoryMiB = 256;

export function sizesOf(instance: InstanceFacts, policy: Policy): HostSizes {
  const shows = Math.ceil(policy.hosts.roomPoints / typicalPoints);
  const spoolBytes = shows * spoolBytesPerShow;
  return {
    spoolBytes,
    volumeGiB: systemGiB + Math.ceil(spoolBytes / gibi),
    // A limit, so that what grows too large is an ffmpeg, which starts again, and not the agent of the host.
    taskMemoryMiB: Math.floor(instance.memoryMiB * reportedShare) - 2 * reservedMemoryMiB,
    taskCpu: instance.vcpus * 1024,
    reservedMemoryMiB,
  };
}

/** Files in /tmp lie in memory: what libraries leave there, no media. */
export const temporaryMiB = 64;
