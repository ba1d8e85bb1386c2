import { availableParallelism } from 'node:os';
import type { IngestEnvironment } from '../../../core/environment/ingest.ts';
import type { HeldShow } from '../../../core/fleet/heartbeat.ts';
import type { FleetTable } from '../../../runtime/store/tables/fleet.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import { Door } from './door.ts';
import { LoadMeter } from './load-meter.ts';
import { Member } from './member.ts';

/** What the fleet needs to know of the task. */
export interface TaskState {
  readonly shows: () => Iterable<HeldShow>;
  /** CPU seconds a second of all ffmpegs. */
  readonly transcodeCpu: () => number;
  readonly unstoredBytes: () => number;
  readonly relay: () => string | undefined;
  readonly passing: () => number;
  readonly onNotices: () => void;
}

export interface FleetSide {
  readonly door: Door;
  readonly member: Member;
  /** Share of the host's cores in use, mean of 30 s; 0 until it is known. */
  readonly cpu: () => number;
  /** The last heartbeat is out, or failed. */
  stop(): Promise<void>;
}

const sampleEveryMs = 1_000;

/** Wires the task's side of the fleet. It says nothing before `member.join`. */
export function createFleetSide(options: {
  readonly environment: IngestEnvironment;
  readonly taskId: string;
  readonly table: Pick<FleetTable, 'beat'>;
  readonly state: TaskState;
  readonly clock: { now(): number };
  readonly log: Logger;
}): FleetSide {
  const { environment, taskId, table, state, clock, log } = options;
  const meter = new LoadMeter({
    cores: environment.HOST_CORES ?? availableParallelism(),
    nowMs: () => performance.now(),
    read: () => {
      const { user, system } = process.cpuUsage();
      return {
        ownS: (user + system) / 1_000_000,
        transcode: state.transcodeCpu(),
        points: door.usedPoints,
      };
    },
  });
  // Clocks of the kernel and ours differ a little, and HOST_CORES may be fewer than there are.
  const cpu = (): number => Math.min(1, meter.measured?.cpu ?? 0);
  const door: Door = new Door({
    limits: {
      points: environment.ROOM_POINTS,
      cpu: { low: environment.CPU_LOW, high: environment.CPU_HIGH, ceiling: environment.CPU_CEILING },
    },
    shows: state.shows,
    measured: () => meter.measured,
  });
  const member = new Member({
    identity: {
      taskId,
      slot: environment.SLOT,
      hostId: environment.HOST_ID,
      digest: environment.IMAGE_DIGEST,
    },
    beat: (heartbeat) => table.beat(heartbeat),
    everyMs: environment.HEARTBEAT_S * 1000,
    door,
    cpu,
    unstoredBytes: state.unstoredBytes,
    relay: state.relay,
    passing: state.passing,
    onNotices: state.onNotices,
    clock,
    log,
  });
  const sampling = setInterval(() => meter.sample(), sampleEveryMs);
  return {
    door,
    member,
    cpu,
    stop: () => {
      clearInterval(sampling);
      return member.stop();
    },
  };
}
