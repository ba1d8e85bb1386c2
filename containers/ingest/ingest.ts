import { networkInterfaces } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { IngestEnvironment } from '../../core/environment/ingest.ts';
import type { HeldShow } from '../../core/fleet/heartbeat.ts';
import { defaultRungs } from '../../core/media/ladder.ts';
import { parseRungs } from '../../core/media/rungs.ts';
import { openObjectStore } from '../../runtime/store/objects/open.ts';
import { openTables } from '../../runtime/store/tables/open.ts';
import type { Logger } from '../../runtime/telemetry/log.ts';
import {
  countSpool,
  createArchiveBudget,
  openArchive,
  pruneSpool,
  spooledBroadcasts,
} from './archive/archive.ts';
import { Broadcasts } from './broadcast/broadcasts.ts';
import type { BroadcastDependencies, Clock } from './broadcast/ports.ts';
import { planFor } from './broadcast/plan.ts';
import { recordsOf } from './broadcast/records.ts';
import { Recovery } from './broadcast/recovery.ts';
import { startEncoding } from './encoding/encoding.ts';
import { drained, lastViewersMs } from './fleet/drained.ts';
import { createFleetSide } from './fleet/fleet-side.ts';
import { createHttp, listen } from './http.ts';
import { createIngestMetrics } from './metrics.ts';
import { relayAddress } from './passing/advertise.ts';
import { Passing } from './passing/passing.ts';
import { startRtmpServer } from './rtmp/server.ts';
import type { RtmpServer } from './rtmp/types.ts';

export interface Ingest {
  /** Joins the fleet and opens the ports. Resolves when broadcasts are taken; never, when the task is to go before. */
  serve(): Promise<Readonly<Record<string, number>>>;
  /** An operator's force-stop: it is to end with whatever it holds. */
  readonly finishOrdered: Promise<void>;
  /** Takes no new broadcasts; resolves when every show has ended by itself and is stored. */
  drain(): Promise<void>;
  /** Stops taking connections, brings every segment to object storage, leaves the broadcasts interrupted. */
  close(): Promise<void>;
}

/** How often a task looks for broadcasts that nobody holds: well inside the minute of the grace window. */
const recoveryEveryMs = 10_000;

/** For the heartbeat that is under way at the end; local/ gives a program ten seconds in all. */
const lastBeatMs = 1_000;

export interface IngestOptions {
  readonly environment: IngestEnvironment;
  readonly taskId: string;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

/** Wires the rooms of the task together. It answers viewers, and takes broadcasts once it serves. */
export async function startIngest(options: IngestOptions): Promise<Ingest> {
  const { environment, taskId, clock, random, log } = options;
  const rungs = environment.LADDER === undefined ? defaultRungs : parseRungs(environment.LADDER);
  const tables = openTables(environment);
  const store = await openObjectStore({
    url: environment.OBJECT_STORE,
    region: environment.AWS_REGION,
    clock,
  });
  const graceMs = environment.GRACE_WINDOW_S * 1000;

  const budget = createArchiveBudget({ spoolBytes: environment.SPOOL_MAX_BYTES });
  await countSpool(environment.SPOOL_DIR, budget.spool);
  const unstoredBytes = (): number => budget.spool.used + budget.memory.used;
  const fleet = createFleetSide({
    environment,
    taskId,
    table: tables.fleet,
    state: {
      shows: function* shows(): Iterable<HeldShow> {
        if (recovery.show !== undefined) yield recovery.show;
        yield* broadcasts.shows();
      },
      transcodeCpu: () => broadcasts.transcodeCpu,
      unstoredBytes,
      relay: () => relay,
      passing: () => passing.count,
      onNotices: () => broadcasts.reportAll(),
    },
    clock,
    log,
  });
  const metrics = createIngestMetrics({
    broadcasts: () => broadcasts,
    spoolBytes: () => budget.spool.used,
    fleet,
    passing: () => passing.count,
  });
  const passing = new Passing({
    taskId,
    readPeers: () => tables.fleet.peers(),
    door: fleet.door,
    // What a task that is to go has waited for.
    onNone: () => {
      if (!fleet.door.accepting) fleet.member.changed();
    },
    onOutcome: (outcome) => metrics.passedOn(outcome),
    clock,
    random,
    log,
  });
  const archiving = { store, spoolDir: environment.SPOOL_DIR, budget, clock, random, log };
  const deps: BroadcastDependencies = {
    records: recordsOf({ tables, taskId, slot: environment.SLOT, clock, graceMs, random }),
    openArchive: (opened) => openArchive({ ...archiving, ...opened }),
    pruneSpool: (broadcastId, plan) => pruneSpool({ ...archiving, broadcastId, plan }),
    startEncoding: (encoding) =>
      startEncoding({
        ...encoding,
        ffmpeg: environment.FFMPEG,
        preset: environment.X264_PRESET,
        clock,
        random,
      }),
    clock,
    log,
    graceMs,
    planFor: planFor(rungs),
    door: fleet.door,
    notices: () => fleet.member.notices,
    onShowsChanged: () => fleet.member.changed(),
    onPartLate: (lateMs) => metrics.partLate(lateMs),
    onFfmpegRestarts: (count) => metrics.ffmpegRestarted(count),
  };
  const broadcasts = new Broadcasts(deps, environment.SLOT);
  const recovery = new Recovery(
    deps,
    broadcasts,
    () => spooledBroadcasts(environment.SPOOL_DIR),
    () => fleet.door.isOpen,
  );

  const http = await listen(
    createHttp(broadcasts, metrics, clock, log),
    environment.HTTP_HOST,
    environment.HTTP_PORT,
  );
  const closing = new AbortController();
  let rtmp: RtmpServer | undefined;
  let relay: string | undefined;

  const openRtmp = (): Promise<RtmpServer> =>
    startRtmpServer({
      host: environment.RTMP_HOST,
      port: environment.RTMP_PORT,
      ...(options.tls === undefined ? {} : { tls: { port: environment.RTMPS_PORT, ...options.tls } }),
      authorise: (request, publisher, signal) => broadcasts.authorise(request, publisher, signal),
      clock,
      log,
      ...(environment.RTMP_MAX_PER_ADDRESS === undefined
        ? {}
        : { limits: { maxConnectionsPerAddress: environment.RTMP_MAX_PER_ADDRESS } }),
      ...(environment.FRONT_URL === undefined ? {} : { frontUrl: environment.FRONT_URL }),
      onEvent: (event) => metrics.rtmp(event),
      passOn: passing,
      ...(environment.RELAY_PORT === 'off'
        ? {}
        : { relay: { host: environment.RELAY_HOST, port: environment.RELAY_PORT } }),
    });

  return {
    finishOrdered: fleet.member.finishOrdered,
    serve: async () => {
      recovery.start(recoveryEveryMs, random);
      // Not before: whoever finds a port open should be let in.
      await fleet.member.join();
      const server = await openRtmp();
      rtmp = server;
      if (server.relayPort !== undefined)
        relay = relayAddress(environment.RELAY_ADVERTISE, server.relayPort, networkInterfaces());
      if (closing.signal.aborted) await server.close();
      await fleet.member.serve();
      const address = http.address();
      return {
        rtmp: server.port,
        ...(server.tlsPort === undefined ? {} : { rtmps: server.tlsPort }),
        ...(server.relayPort === undefined ? {} : { relay: server.relayPort }),
        http: typeof address === 'object' && address !== null ? address.port : environment.HTTP_PORT,
      };
    },
    drain: async () => {
      fleet.member.leave();
      const isEmpty = (): boolean =>
        fleet.door.shows.length === 0 && unstoredBytes() === 0 && passing.count === 0;
      const hasViewers = [...broadcasts.all].length > 0;
      await drained({ isEmpty, forMs: hasViewers ? lastViewersMs : 0, signal: closing.signal });
    },
    close: async () => {
      closing.abort();
      fleet.member.end();
      passing.stop();
      await rtmp?.stopListening();
      // Side by side: what others left behind must not keep this task's own broadcasts from being stored.
      await Promise.all([broadcasts.shutdown(), recovery.stop()]);
      await rtmp?.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      // A table that is away must not hold the end up.
      await Promise.race([fleet.stop(), delay(lastBeatMs, undefined, { ref: false })]);
      tables.close();
    },
  };
}
