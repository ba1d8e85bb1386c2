import { join } from 'node:path';
import type { Policy } from '../../core/fleet/policy.ts';
import { startProgram } from '../program.ts';
import { heartbeatS } from './policy.ts';
import type { LaunchTask } from './tasks.ts';

const containers = join(import.meta.dirname, '..', '..', 'containers');

/** ECS asks with SIGTERM and kills 30 s later. */
const stopAfterMs = 30_000;

/** All encoders come by the forwarder, so one address has them all; the forwarder's own bound is lower. */
const maxPerAddress = 1_000;

/** Starts tasks as ECS would: the container's program with the environment of its contract. */
export function taskLauncher(options: {
  readonly policy: Policy;
  /** Tables, object storage, renditions: what is the same for all tasks. */
  readonly environment: Readonly<Record<string, string>>;
  readonly frontUrl: string;
  /** Cores of which each task takes its share to be. Hosts of one machine all have the same ones. */
  readonly hostCores: number;
  readonly logs: string;
  readonly say: (text: string) => void;
}): LaunchTask {
  const { policy, logs, say } = options;
  return (start, { signal, onCrash }) => {
    const { taskId, hostId, address, image } = start;
    return startProgram({
      name: `${taskId} on ${hostId}`,
      main: image.broken
        ? join(import.meta.dirname, 'broken-task.ts')
        : join(containers, 'ingest', 'main.ts'),
      env: {
        ...options.environment,
        TASK_ID: taskId,
        SLOT: start.slot,
        HOST_ID: hostId,
        IMAGE_DIGEST: image.digest,
        HEARTBEAT_S: String(heartbeatS),
        ROOM_POINTS: String(policy.hosts.roomPoints),
        HOST_CORES: String(options.hostCores),
        CPU_LOW: String(policy.cpu.low),
        CPU_HIGH: String(policy.cpu.high),
        CPU_CEILING: String(policy.cpu.ceiling),
        FRONT_URL: options.frontUrl,
        RTMP_HOST: address.bind,
        RTMP_PORT: '0',
        RTMP_MAX_PER_ADDRESS: String(maxPerAddress),
        RELAY_HOST: address.bind,
        RELAY_PORT: '0',
        RELAY_ADVERTISE: address.bind,
        HTTP_HOST: address.bind,
        HTTP_PORT: '0',
        SPOOL_DIR: start.spoolDir,
      },
      // By address, not by host: hosts come and go, and their logs must not pile up.
      logFile: join(logs, `ingest-${address.privateIp}.log`),
      onCrash: (description) => {
        say(description);
        onCrash(description);
      },
      signal,
      stopAfterMs,
    });
  };
}
