import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import { ulid } from 'ulid';
import { createApi } from '../../../containers/api/app.ts';
import type { ApiDependencies } from '../../../containers/api/dependencies.ts';
import { tableNames } from '../../../core/tables.ts';
import type { Channel, Broadcast, Visibility } from '../../../core/broadcast/types.ts';
import type { EncodingPlan, InputState } from '../../../core/media/flow.ts';
import { ladderFor } from '../../../core/media/ladder.ts';
import { timingFor } from '../../../core/media/timing.ts';
import { createIssuer, type Issuer } from '../../../local/issuer/issuer.ts';
import { startTables } from '../../../local/tables.ts';
import { createTokenVerifier } from '../../../runtime/identity/tokens.ts';
import { createFleetTable, type FleetTable } from '../../../runtime/store/tables/fleet.ts';
import { openTables, type Tables } from '../../../runtime/store/tables/open.ts';
import { watchTables } from '../../support/iam/watch-tables.ts';
import { answerAs } from '../../local/issuer/answer.ts';

export const plan: EncodingPlan = {
  ladder: ladderFor({ width: 640, height: 360 }, 30),
  timing: timingFor({ num: 30, den: 1 }),
};

export const input: InputState = {
  width: 640,
  height: 360,
  framesPerSecond: 30,
  videoBitrateBps: 1e6,
  audioBitrateBps: 1e5,
  keyFrameIntervalS: 2,
  videoCodec: 'h264',
  audioCodec: 'aac',
  encoder: undefined,
  transcodeSpeed: 1,
  transcodeCpu: 0.5,
  ffmpegRestarts: 0,
  warnings: [{ code: 'no-audio', text: 'no audio' }],
};

export interface TestApi {
  readonly app: FastifyInstance;
  /** To start another task of the same API. */
  readonly deps: ApiDependencies;
  readonly tables: Tables;
  readonly fleet: FleetTable;
  readonly issuer: Issuer;
  readonly clock: { nowMs: number; now(): number };
  /** Keys deleted from object storage. */
  readonly deleted: string[];
  readonly logLines: string[];
  /** Throws in place of deleting while set. */
  failDelete: Error | undefined;
  /** Sends to the API as a person; null: nobody. */
  ask(
    who: string | null,
    method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE' | 'HEAD' | 'OPTIONS',
    url: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<LightMyRequestResponse>;
  channel(owner: string, visibility?: Visibility): Promise<Channel & { readonly streamKey: string }>;
  /** A broadcast of the channel with a picture. */
  goLive(channel: Channel): Promise<Broadcast>;
  close(): Promise<void>;
}

export const clientId = 'tidecast-web';
export const issuerUrl = 'http://issuer.test/local-issuer';

const stillClock = (): TestApi['clock'] => ({
  nowMs: Date.UTC(2026, 10, 20),
  now(): number {
    return this.nowMs;
  },
});

/** The real API on real tables and a real issuer; only the clock and the network to the issuer are short-cut. */
export async function startTestApi(
  overrides: Partial<ApiDependencies> | ((tables: Tables) => Partial<ApiDependencies>) = {},
  clock: TestApi['clock'] = stillClock(),
): Promise<TestApi> {
  const folder = await mkdtemp(join(tmpdir(), 'tidecast-api-'));
  const local = await startTables({});
  const where = { TABLE_PREFIX: 'tidecast', AWS_REGION: 'us-east-1' };
  const tables = openTables({ ...where, DYNAMODB_ENDPOINT: local.endpoint });
  // What the API itself asks for is heard: its role has to allow it.
  const watched = await watchTables('api', local.endpoint);
  const own = openTables({ ...where, DYNAMODB_ENDPOINT: watched.endpoint });
  const issuer = await createIssuer({
    issuerUrl,
    clientId,
    redirectOrigins: ['http://pages.test'],
    keyFile: join(folder, 'key.json'),
    clock,
    random: randomBytes,
  });
  const fleetOf = ({ client }: Tables): FleetTable =>
    createFleetTable({ client, tables: tableNames('tidecast'), now: () => clock.now() });
  const fleet = fleetOf(tables);
  const deleted: string[] = [];
  const logLines: string[] = [];
  const log = pino(
    { level: 'trace' },
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        logLines.push(chunk.toString());
        done();
      },
    }),
  );
  const deps: ApiDependencies = {
    config: { issuer: issuerUrl, clientId, rtmpUrl: 'rtmp://ingest.test/live' },
    publicUrl: 'https://live.test',
    channels: own.channels,
    broadcasts: own.broadcasts,
    fleet: fleetOf(own),
    objects: {
      delete: async (key) => {
        if (test.failDelete !== undefined) throw test.failDelete;
        deleted.push(key);
      },
    },
    verifier: createTokenVerifier({ issuer: issuerUrl, clientId, clock, fetch: answerAs(issuer) }),
    chat: {
      store: own.chat,
      messages: own.messages,
      shards: own.shards,
      unarchived: own.unarchived,
      openBus: () => {
        throw new Error('these tests have no shard');
      },
      steady: () => performance.now(),
      random: Math.random,
    },
    signCookies: (resource, expiresAtMs) => ({
      'CloudFront-Policy': Buffer.from(`${resource} ${expiresAtMs}`).toString('base64url'),
      'CloudFront-Signature': 'signature',
      'CloudFront-Key-Pair-Id': 'TEST',
    }),
    clock,
    newId: () => ulid(clock.now()).toLowerCase(),
    randomBytes,
    log,
    ...(typeof overrides === 'function' ? overrides(own) : overrides),
  };
  const app = await createApi(deps);

  const test: TestApi = {
    app,
    deps,
    tables,
    fleet,
    issuer,
    clock,
    deleted,
    logLines,
    failDelete: undefined,
    async ask(who, method, url, body, headers = {}) {
      return app.inject({
        method,
        url,
        headers: {
          ...(who === null ? {} : { authorization: `Bearer ${await issuer.signFor(who)}` }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: body as object }),
      });
    },
    async channel(owner, visibility = 'public') {
      const answer = await test.ask(owner, 'POST', '/api/channels', {
        name: `${owner}’s channel`,
        visibility,
      });
      const { channel, streamKey } = answer.json<{ channel: { channelId: string }; streamKey: string }>();
      const stored = await tables.channels.get(channel.channelId);
      if (stored === undefined) throw new Error(`the channel was not stored: ${answer.body}`);
      return { ...stored, streamKey };
    },
    async goLive(channel) {
      const now = clock.now();
      const { broadcast } = await tables.broadcasts.openSession({
        channel,
        taskId: 'task-1',
        slot: 'in-01',
        now,
        graceMs: 60_000,
        newId: () => ulid(clock.now()).toLowerCase(),
      });
      const { broadcastId, session } = broadcast;
      await tables.broadcasts.report({
        broadcastId,
        session,
        now,
        state: 'live',
        encoderSeenAt: now,
        plan,
        input,
        hasThumbnail: true,
      });
      return broadcast;
    },
    async close() {
      await app.close();
      own.close();
      tables.close();
      await watched.close();
      await local.close();
      await rm(folder, { recursive: true });
    },
  };
  return test;
}
