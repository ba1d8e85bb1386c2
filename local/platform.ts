import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { buildPages } from '../web/build.ts';
import { createLogger } from '../runtime/telemetry/log.ts';
import { openObjectStore } from '../runtime/store/objects/open.ts';
import { openDataFolder } from './data.ts';
import { startDemoBroadcast, type DemoBroadcast } from './demo-broadcast.ts';
import { startEdge } from './edge/edge.ts';
import { createIssuer } from './issuer/issuer.ts';
import { keepRunning } from './keep-running.ts';
import { startProgram, type Program } from './program.ts';

export interface PlatformOptions {
  /** Port of the pages; 0 takes any free one. */
  readonly port: number;
  readonly rtmpPort: number;
  readonly demo: boolean;
  /** As core/media/rungs.ts reads it. */
  readonly ladder: string;
  readonly data: string;
  readonly ffmpeg: string;
  /** Grace window in seconds; the design's 60 when absent. Tests shorten it. */
  readonly graceWindowS?: number;
  readonly x264Preset?: string;
  /** For people: progress and notable events. */
  readonly say: (text: string) => void;
}

export interface Platform {
  readonly url: string;
  readonly rtmpUrl: string;
  readonly demo: DemoBroadcast | undefined;
  readonly ingest: Program;
  /** Process ids, for tests of crashes: each program is started again when it ends by itself. */
  readonly pids: { readonly tables: number; readonly api: number };
  /** Prometheus metrics of the ingest task. */
  readonly ingestHttpUrl: string;
  /** A token of the local issuer, for the demo, tests and benches. */
  tokenFor(person: string): Promise<string>;
  /** Kills the ingest task with -9 and starts another one on the same spool: for tests of crashes. */
  restartIngest(how: 'kill' | 'stop'): Promise<void>;
  stop(): Promise<void>;
  killAll(): Promise<void>;
}

const host = '127.0.0.1';
const clock = { now: () => Date.now() };
const slot = 'in-01';
const clientId = 'tidecast-web';
const cookieKeyPairId = 'LOCAL';
const containers = join(import.meta.dirname, '..', 'containers');

/** Starts everything in the order of what needs what; what was started is ended again when a later step fails. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const data = openDataFolder(options.data);
  const ending: (() => Promise<void>)[] = [() => Promise.resolve(data.release())];
  const stop = async (): Promise<void> => {
    for (const end of ending.splice(0).toReversed()) {
      await end().catch((error: unknown) => options.say(`While ending: ${String(error)}`));
    }
  };
  try {
    return await start(options, data, ending, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  options: PlatformOptions,
  data: ReturnType<typeof openDataFolder>,
  ending: (() => Promise<void>)[],
  stop: () => Promise<void>,
): Promise<Platform> {
  const port = await freePort(options.port, '--port');
  // The RTMP server would say so only in its log.
  if (options.rtmpPort !== 0) await freePort(options.rtmpPort, '--rtmp-port');
  const url = `http://${host}:${port}`;
  const objectStore = `file://${data.objects}`;
  const log = createLogger('local', 'warn');

  options.say('Building the pages …');
  await buildPages();

  const { say } = options;
  const tables = await keepRunning({
    name: 'tables',
    say,
    start: (onCrash, before) =>
      startProgram({
        name: 'tables',
        main: join(import.meta.dirname, 'tables-program.ts'),
        env: { TABLES_PATH: data.tables, TABLES_PORT: String(before?.ports['http'] ?? 0) },
        logFile: join(data.logs, 'tables.log'),
        onCrash,
      }),
  });
  ending.push(() => tables.stop());
  const storeEnvironment = {
    TABLE_PREFIX: 'tidecast',
    DYNAMODB_ENDPOINT: `http://${host}:${tables.program.ports['http']}`,
    AWS_REGION: 'us-east-1',
    // DynamoDB's client wants credentials; the embedded tables do not look at them.
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    OBJECT_STORE: objectStore,
  };

  const issuer = await createIssuer({
    issuerUrl: `${url}/local-issuer`,
    clientId,
    redirectOrigins: [url, `http://localhost:${port}`],
    keyFile: data.issuerKeyFile,
    clock,
    random: randomBytes,
  });

  options.say('Starting the programs …');
  const ingest = await keepRunning({
    name: 'ingest',
    say,
    start: (onCrash, before) =>
      startProgram({
        name: 'ingest',
        main: join(containers, 'ingest', 'main.ts'),
        env: {
          ...storeEnvironment,
          TASK_ID: `local-${randomBytes(4).toString('hex')}`,
          SLOT: slot,
          RTMP_HOST: host,
          RTMP_PORT: String(before?.ports['rtmp'] ?? options.rtmpPort),
          HTTP_HOST: host,
          HTTP_PORT: '0',
          SPOOL_DIR: data.spool,
          LADDER: options.ladder,
          FFMPEG: options.ffmpeg,
          ...(options.graceWindowS === undefined ? {} : { GRACE_WINDOW_S: String(options.graceWindowS) }),
          ...(options.x264Preset === undefined ? {} : { X264_PRESET: options.x264Preset }),
        },
        logFile: join(data.logs, 'ingest.log'),
        onCrash,
      }),
  });
  ending.push(() => ingest.stop());
  const rtmpUrl = `rtmp://${host}:${ingest.program.ports['rtmp']}/live`;
  const ingestHttpUrl = (): string => `http://${host}:${ingest.program.ports['http']}`;

  const api = await keepRunning({
    name: 'api',
    say,
    start: (onCrash, before) =>
      startProgram({
        name: 'api',
        main: join(containers, 'api', 'main.ts'),
        env: {
          ...storeEnvironment,
          HTTP_HOST: host,
          HTTP_PORT: String(before?.ports['http'] ?? 0),
          OIDC_ISSUER: `${url}/local-issuer`,
          OIDC_CLIENT_ID: clientId,
          RTMP_URL: rtmpUrl,
          PUBLIC_URL: url,
          COOKIE_KEY_FILE: data.cookieKeyFile,
          COOKIE_KEY_PAIR_ID: cookieKeyPairId,
        },
        logFile: join(data.logs, 'api.log'),
        onCrash,
      }),
  });
  ending.push(() => api.stop());

  const edge = await startEdge({
    host,
    port,
    origins: {
      ingest: (wanted) => (wanted === slot ? new URL(ingestHttpUrl()) : undefined),
      api: new URL(`http://${host}:${api.program.ports['http']}`),
      archive: await openObjectStore({ url: objectStore, region: storeEnvironment.AWS_REGION, clock }),
      web: join(import.meta.dirname, '..', 'dist', 'web'),
    },
    publicUrl: url,
    issuer: `${url}/local-issuer`,
    cookieKeys: new Map([[cookieKeyPairId, data.cookiePublicKey]]),
    mounts: new Map([['/local-issuer', issuer.handler]]),
    clock,
    log,
  });
  ending.push(() => edge.close());

  let demo: DemoBroadcast | undefined;
  if (options.demo) {
    demo = await startDemoBroadcast({
      apiUrl: url,
      token: await issuer.signFor('demo'),
      ffmpeg: options.ffmpeg,
      rtmpUrl,
      say: options.say,
    });
    ending.push(() => demo?.stop() ?? Promise.resolve());
  }

  return {
    url,
    rtmpUrl,
    demo,
    get ingest() {
      return ingest.program;
    },
    get pids() {
      return { tables: tables.program.pid, api: api.program.pid };
    },
    get ingestHttpUrl() {
      return ingestHttpUrl();
    },
    tokenFor: (person) => Promise.resolve(issuer.signFor(person)),
    restartIngest: (how) => ingest.restart(how),
    stop,
    killAll: async () => {
      await Promise.all([ingest.kill(), api.kill(), tables.kill()]);
    },
  };
}

/** The public address stands in the API's environment before the edge listens, so a free port has to be known first. */
async function freePort(wanted: number, option: string): Promise<number> {
  const probe = createServer();
  try {
    return await new Promise<number>((resolve, reject) => {
      probe.once('error', (error: NodeJS.ErrnoException) => {
        reject(
          error.code === 'EADDRINUSE'
            ? new Error(
                `port ${wanted} is taken by another program: end it, or choose another with ${option}`,
              )
            : error,
        );
      });
      probe.listen(wanted, host, () => {
        const address = probe.address();
        resolve(typeof address === 'object' && address !== null ? address.port : wanted);
      });
    });
  } finally {
    await new Promise((resolve) => probe.close(resolve));
  }
}
