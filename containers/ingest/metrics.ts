import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Broadcasts } from './broadcast/broadcasts.ts';
import type { HeldBroadcast } from './broadcast/held-broadcast.ts';
import type { Door } from './fleet/door.ts';
import type { Member } from './fleet/member.ts';
import type { PassOutcome } from './passing/passage.ts';
import type { RtmpEvent } from './rtmp/types.ts';

/** The counters that other rooms write to; gauges are read from their owners when Prometheus asks. */
export interface IngestMetrics {
  readonly registry: Registry;
  rtmp(event: RtmpEvent): void;
  partLate(lateMs: number): void;
  ffmpegRestarted(count: number): void;
  passedOn(outcome: PassOutcome): void;
}

export interface FleetFigures {
  readonly door: Pick<Door, 'isOpen' | 'full' | 'usedPoints' | 'roomPoints'>;
  readonly member: Pick<Member, 'obeys' | 'phase' | 'failures'>;
  /** Share of the host's cores. */
  readonly cpu: () => number;
}

type Held = Pick<Broadcasts, 'all'>;

export function createIngestMetrics(options: {
  readonly broadcasts: () => Held;
  /** What the task's budget counts: files stay in the spool when nobody holds their broadcast any more. */
  readonly spoolBytes: () => number;
  readonly fleet: FleetFigures;
  /** Connections that go through this task to others. */
  readonly passing: () => number;
}): IngestMetrics {
  const { broadcasts, spoolBytes, fleet, passing } = options;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];

  const opened = new Counter({
    name: 'tidecast_rtmp_connections_total',
    help: 'RTMP connections accepted',
    registers,
  });
  const closed = new Counter({
    name: 'tidecast_sessions_ended_total',
    help: 'Encoder sessions ended, by reason',
    labelNames: ['reason'],
    registers,
  });
  const refused = new Counter({
    name: 'tidecast_rtmp_refused_total',
    help: 'Connections that ended before they published, by reason',
    labelNames: ['reason'],
    registers,
  });
  const published = new Counter({
    name: 'tidecast_sessions_total',
    help: 'Encoder sessions begun',
    registers,
  });
  const bytes = new Counter({
    name: 'tidecast_rtmp_received_bytes_total',
    help: 'Bytes received over RTMP',
    registers,
  });
  const restarts = new Counter({
    name: 'tidecast_ffmpeg_restarts_total',
    help: 'Times that an ffmpeg had to be started again inside its session',
    registers,
  });
  const late = new Histogram({
    name: 'tidecast_part_late_seconds',
    help: 'How much later than its grid time a part became available',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5],
    registers,
  });

  const passedOn = new Counter({
    name: 'tidecast_passed_on_total',
    help: 'Newcomers that were to be passed on to another task, by what became of it',
    labelNames: ['outcome'],
    registers,
  });

  const gauge = (name: string, help: string, read: (all: Held) => number): void => {
    const made: Gauge = new Gauge({ name, help, registers, collect: () => made.set(read(broadcasts())) });
  };
  const sum = (all: Held, of: (held: HeldBroadcast) => number): number =>
    [...all.all].reduce((n, held) => n + of(held), 0);

  gauge('tidecast_broadcasts', 'Broadcasts held by this task', (all) => sum(all, () => 1));
  gauge('tidecast_broadcasts_live', 'Broadcasts with an encoder connected', (all) =>
    sum(all, (h) => (h.isLive ? 1 : 0)),
  );
  gauge('tidecast_input_bitrate_bps', 'Audio and video received, all broadcasts', (all) =>
    sum(all, (h) => (h.input?.videoBitrateBps ?? 0) + (h.input?.audioBitrateBps ?? 0)),
  );
  gauge('tidecast_input_frames', 'Frames a second received, all broadcasts', (all) =>
    sum(all, (h) => h.input?.framesPerSecond ?? 0),
  );
  gauge('tidecast_transcode_cpu', 'CPU seconds a second used by ffmpeg, all broadcasts', (all) =>
    sum(all, (h) => h.input?.transcodeCpu ?? 0),
  );
  gauge(
    'tidecast_transcode_speed_min',
    'Slowest transcode, media seconds a second; below 1 viewers stall',
    (all) => Math.min(...[...all.all].map((h) => h.input?.transcodeSpeed ?? Number.POSITIVE_INFINITY)),
  );
  gauge('tidecast_live_waiting', 'Requests that wait for a part or playlist', (all) =>
    sum(all, (h) => h.window?.waiting ?? 0),
  );
  gauge('tidecast_fragments_dropped', 'Fragments that fitted nowhere, broadcasts held now', (all) =>
    sum(all, (h) => [...(h.window?.dropped.values() ?? [])].reduce((a, b) => a + b, 0)),
  );
  gauge('tidecast_upload_queue', 'Segments that wait for object storage', (all) =>
    sum(all, (h) => h.archive?.stats.queued ?? 0),
  );
  gauge('tidecast_upload_active', 'Uploads under way', (all) =>
    sum(all, (h) => h.archive?.stats.uploading ?? 0),
  );
  gauge('tidecast_upload_retries', 'Uploads tried again, broadcasts held now', (all) =>
    sum(all, (h) => h.archive?.stats.retries ?? 0),
  );
  gauge('tidecast_spool_bytes', 'Bytes on the spool', spoolBytes);
  gauge('tidecast_archive_gaps', 'Segments lost to the archive (EXT-X-GAP), broadcasts held now', (all) =>
    sum(all, (h) => h.archive?.stats.gaps ?? 0),
  );

  gauge('tidecast_passing', 'Connections passed on to other tasks', passing);

  const fleetGauge = (name: string, help: string, read: (side: FleetFigures) => number): void => {
    const made: Gauge = new Gauge({ name, help, registers, collect: () => made.set(read(fleet)) });
  };
  fleetGauge('tidecast_task_accepting', '1 while new broadcasts are taken', ({ door }) =>
    Number(door.isOpen),
  );
  fleetGauge('tidecast_task_full', '1 while newcomers are refused for want of room', ({ door }) =>
    Number(door.full),
  );
  fleetGauge('tidecast_task_draining', '1 when told to drain, by order or signal', ({ member }) =>
    Number(member.phase === 'draining' || member.phase === 'ending'),
  );
  fleetGauge('tidecast_task_order', 'Generation of the order that is obeyed', ({ member }) => member.obeys);
  fleetGauge('tidecast_task_used_points', 'Points of the broadcasts held', ({ door }) => door.usedPoints);
  fleetGauge('tidecast_task_room_points', 'Points that may be held', ({ door }) => door.roomPoints);
  fleetGauge('tidecast_task_cpu', "Share of the host's cores in use, mean of 30 s", ({ cpu }) => cpu());
  const failures: Counter = new Counter({
    name: 'tidecast_heartbeats_failed_total',
    help: 'Heartbeats that could not be stored',
    registers,
    collect: () => {
      failures.reset();
      failures.inc(fleet.member.failures);
    },
  });

  return {
    registry,
    rtmp: (event) => {
      switch (event.kind) {
        case 'opened':
          return opened.inc();
        case 'refused':
          return refused.inc({ reason: event.reason });
        case 'published':
          return published.inc();
        case 'closed':
          return closed.inc({ reason: event.reason });
        case 'received':
          return bytes.inc(event.bytes);
      }
    },
    ffmpegRestarted: (count) => restarts.inc(count),
    passedOn: (outcome) => passedOn.inc({ outcome }),
    partLate: (lateMs) => late.observe(lateMs / 1000),
  };
}
