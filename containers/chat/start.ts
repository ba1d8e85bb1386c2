import { loadLine } from '../../core/chat/metrics.ts';
import type { ChatEnvironment } from '../../core/environment/chat.ts';
import { openFanIn } from '../../runtime/bus/fan-in.ts';
import { createTokenVerifier } from '../../runtime/identity/tokens.ts';
import { openTables, type Tables } from '../../runtime/store/tables/open.ts';
import type { Logger } from '../../runtime/telemetry/log.ts';
import { openObjectStore } from '../../runtime/store/objects/open.ts';
import { startArchiver } from './archive/archiver.ts';
import { createArchiveMetrics } from './duty/archive-metrics.ts';
import { Report } from './duty/report.ts';
import { createDesk } from './join/desk.ts';
import { serveChat } from './server.ts';

export interface RunningChat {
  readonly port: number;
  /** Sends everybody away in slices. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** What the bus reads from the store when Redis has lost it. */
const storeFor = ({ messages, chat }: Tables) => ({
  readNewest: (broadcastId: string, count: number) => messages.readKeyed(broadcastId, { newest: count }),
  readSettings: (channelId: string) => chat.settings(channelId),
});

/** The chat task with everything real, as its environment says. */
export async function startChat(options: {
  readonly environment: ChatEnvironment;
  readonly taskId: string;
  readonly log: Logger;
}): Promise<RunningChat> {
  const { environment, taskId, log } = options;
  const now = (): number => Date.now();
  const { SHARD: shard, REDIS_URL: redisUrl, REDIS_PASSWORD: password } = environment;
  const clock = { now };
  const objects = await openObjectStore({
    url: environment.OBJECT_STORE,
    region: environment.AWS_REGION,
    clock,
  });
  const tables = openTables(environment);
  const fanIn = openFanIn({
    url: redisUrl,
    ...(password === undefined ? {} : { password }),
    taskId,
    ...storeFor(tables),
    onTrouble: (error) => log.warn({ err: error }, 'could not fetch what was missed'),
  });
  const desk = createDesk({
    shard,
    verifier: createTokenVerifier({
      issuer: environment.OIDC_ISSUER,
      clientId: environment.OIDC_CLIENT_ID,
      clock,
    }),
    broadcasts: tables.broadcasts,
    people: tables.chat,
    now,
    steady: () => performance.now(),
    random: Math.random,
    log,
  });
  const server = await serveChat(
    {
      shard,
      host: environment.HTTP_HOST,
      port: environment.HTTP_PORT,
      transports: environment.TRANSPORTS,
      delivery: environment.DELIVERY,
      shortestTickMs: environment.TICK_MS,
      maxSockets: environment.MAX_SOCKETS,
      admitPerS: environment.ADMIT_PER_S,
      admitQueue: environment.ADMIT_QUEUE,
      drainMs: environment.DRAIN_S * 1_000,
    },
    { fanIn, desk, random: Math.random, log },
  );
  const report = new Report({
    shards: tables.shards,
    limits: tables.chat,
    shard,
    redisUrl,
    taskId,
    capacity: environment.CAPACITY,
    sockets: () => server.sockets,
    said: (sockets) => log.info({ sockets }, loadLine),
    shownPerS: (shownPerS) => {
      server.shownPerS = shownPerS;
    },
    now,
    failed: (error) => log.warn({ err: error }, 'could not report to the tables'),
  });
  const archiver = startArchiver({
    shard,
    taskId,
    lease: (name, ttlMs) => fanIn.holdLease(name, ttlMs),
    messages: tables.messages,
    unarchived: tables.unarchived,
    broadcasts: tables.broadcasts,
    objects,
    clock,
    log,
    heard: (broadcastId) => server.newestId(broadcastId),
    metrics: createArchiveMetrics(server.registry),
  });
  // A task that nobody knows of gets no broadcasts: said now, not in ten seconds.
  await report.tell();

  return {
    port: server.port,
    async drain() {
      await report.stop();
      await server.drain();
    },
    async close() {
      await report.stop();
      await Promise.all([server.close(), archiver.stop()]);
      await fanIn.close();
      tables.close();
    },
  };
}
