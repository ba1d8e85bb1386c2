import { createServer, type Server } from 'node:http';
import type { IngestEnvironment } from '../../core/environment/ingest.ts';
import { defaultRungs } from '../../core/media/ladder.ts';
import { parseRungs } from '../../core/media/rungs.ts';
import { openObjectStore } from '../../runtime/store/objects/open.ts';
import { openTables } from '../../runtime/store/tables/open.ts';
import type { Logger } from '../../runtime/telemetry/log.ts';
import { countSpool, createArchiveBudget, openArchive, spooledBroadcasts } from './archive/archive.ts';
import { Broadcasts } from './broadcast/broadcasts.ts';
import type { BroadcastDependencies, Clock } from './broadcast/ports.ts';
import { planFor } from './broadcast/plan.ts';
import { recordsOf } from './broadcast/records.ts';
import { Recovery } from './broadcast/recovery.ts';
import { startEncoding } from './encoding/encoding.ts';
import { createLiveHandler } from './live/http.ts';
import { createIngestMetrics, type IngestMetrics } from './metrics.ts';
import { startRtmpServer } from './rtmp/server.ts';

export interface Ingest {
  readonly ports: Readonly<Record<string, number>>;
  /** Stops taking connections, brings every segment to object storage, leaves the broadcasts interrupted. */
  close(): Promise<void>;
}

/** How often a task looks for broadcasts that nobody holds: well inside the minute of the grace window. */
const recoveryEveryMs = 10_000;

/** Wires the rooms of the task together and starts them. */
export async function startIngest(options: {
  readonly environment: IngestEnvironment;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}): Promise<Ingest> {
  const { environment, clock, random, log } = options;
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
  const metrics = createIngestMetrics(
    () => broadcasts,
    () => budget.spool.used,
  );
  const deps: BroadcastDependencies = {
    records: recordsOf({ tables, taskId: environment.TASK_ID, slot: environment.SLOT, clock, graceMs }),
    openArchive: (opened) =>
      openArchive({
        store,
        broadcastId: opened.broadcastId,
        plan: opened.plan,
        isNew: opened.isNew,
        publishThumbnail: opened.publishThumbnail,
        mayPublish: opened.mayPublish,
        spoolDir: environment.SPOOL_DIR,
        budget,
        clock,
        random,
        log,
      }),
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
    onPartLate: (lateMs) => metrics.partLate(lateMs),
    onFfmpegRestarts: (count) => metrics.ffmpegRestarted(count),
  };
  const broadcasts = new Broadcasts(deps, environment.SLOT);
  const recovery = new Recovery(deps, broadcasts, () => spooledBroadcasts(environment.SPOOL_DIR));

  const http = await listen(
    createHttp(broadcasts, metrics, clock, log),
    environment.HTTP_HOST,
    environment.HTTP_PORT,
  );
  const rtmp = await startRtmpServer({
    host: environment.RTMP_HOST,
    port: environment.RTMP_PORT,
    ...(options.tls === undefined ? {} : { tls: { port: environment.RTMPS_PORT, ...options.tls } }),
    authorise: (request, publisher, signal) => broadcasts.authorise(request, publisher, signal),
    clock,
    log,
    onEvent: (event) => metrics.rtmp(event),
  });
  recovery.start(recoveryEveryMs);

  const address = http.address();
  return {
    ports: {
      rtmp: rtmp.port,
      ...(rtmp.tlsPort === undefined ? {} : { rtmps: rtmp.tlsPort }),
      http: typeof address === 'object' && address !== null ? address.port : environment.HTTP_PORT,
    },
    close: async () => {
      await rtmp.stopListening();
      // Side by side: what others left behind must not keep this task's own broadcasts from being stored.
      await Promise.all([broadcasts.shutdown(), recovery.stop()]);
      await rtmp.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      tables.close();
    },
  };
}

function createHttp(broadcasts: Broadcasts, metrics: IngestMetrics, clock: Clock, log: Logger): Server {
  const live = createLiveHandler({
    find: (slot, broadcastId, isPrivate) => broadcasts.find(slot, broadcastId, isPrivate),
    clock,
    log,
  });
  // Longer than a load balancer keeps idle connections (60 s): it must never pick one that is being closed.
  return createServer({ keepAliveTimeout: 72_000 }, (request, response) => {
    if (request.url === '/healthz') {
      response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-store' }).end('ok\n');
    } else if (request.url === '/metrics') {
      metrics.registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text),
        (error: unknown) => {
          log.error({ err: error }, 'could not collect the metrics');
          response.writeHead(500).end();
        },
      );
    } else live(request, response);
  });
}

async function listen(server: Server, host: string, port: number): Promise<Server> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Node's default backlog of 511 is less than the viewers that come back at once after a reconnect.
    server.listen({ port, host, backlog: 4096 }, resolve);
  });
  return server;
}
