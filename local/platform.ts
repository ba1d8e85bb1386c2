import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Policy } from '../core/fleet/policy.ts';
import { openObjectStore } from '../runtime/store/objects/open.ts';
import { openTables } from '../runtime/store/tables/open.ts';
import { buildPages } from '../web/build.ts';
import { startLocalChat, type LocalChat } from './chat/chat.ts';
import { controlPrefix, openControl } from './control/control.ts';
import { openDataFolder } from './data.ts';
import { startDemoChat } from './demo-chat.ts';
import { startDemoBroadcast, type DemoBroadcast } from './demo-broadcast.ts';
import { startEdge } from './edge/edge.ts';
import { openEdgeLog } from './edge-log.ts';
import { startLocalFleet, type LocalFleet } from './fleet/fleet.ts';
import { openImages } from './fleet/images.ts';
import { taskLauncher } from './fleet/launch.ts';
import { localPolicy, type LocalPolicyOptions } from './fleet/policy.ts';
import { freePort } from './free-port.ts';
import { openGateStore } from './gate-store.ts';
import { createIssuer } from './issuer/issuer.ts';
import { keepRunning } from './keep-running.ts';
import { pause } from './pause.ts';
import { startProgram } from './program.ts';
import { schedulerLog } from './scheduler-log.ts';

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
  readonly fleet?: FleetSize;
  /** No chat when absent. */
  readonly chat?: ChatSize;
  /** For people: progress and notable events. */
  readonly say: (text: string) => void;
}

/** What differs between a machine that people use, tests and benches. */
export interface FleetSize extends Partial<Pick<LocalPolicyOptions, 'minHosts' | 'maxHosts' | 'roomPoints'>> {
  readonly bootMs?: number;
  readonly passMs?: number;
  /** Cores that a task believes to have; more than there are keep it from ever calling itself full. */
  readonly hostCores?: number;
  /** Chance in whom encoders are led to. */
  readonly random?: () => number;
  readonly adjust?: (policy: Policy) => Policy;
}

export interface ChatSize {
  /** At the first start; the ones added since are remembered. */
  readonly shards: readonly string[];
  /** Of each shard. */
  readonly tasks: number;
  /** Over how long a task that goes sends its viewers away. */
  readonly drainS: number;
  readonly redisServer: string;
  /** More of the environment of chat tasks. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Platform {
  readonly url: string;
  readonly rtmpUrl: string;
  readonly demo: DemoBroadcast | undefined;
  readonly fleet: LocalFleet;
  readonly chat: LocalChat;
  /** Process ids, for tests of crashes: each program is started again when it ends by itself. */
  readonly pids: { readonly tables: number; readonly api: number };
  /** A token of the local issuer, for the demo, tests and benches. */
  tokenFor(person: string): Promise<string>;
  stop(): Promise<void>;
  killAll(): Promise<void>;
}

const host = '127.0.0.1';
const clock = { now: () => Date.now() };
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
  // Both addresses stand in the environment of programs that start before anything listens there.
  const port = await freePort(host, options.port, '--port');
  const rtmpPort = await freePort(host, options.rtmpPort, '--rtmp-port');
  const url = `http://${host}:${port}`;
  const rtmpUrl = `rtmp://${host}:${rtmpPort}/live`;
  const objectStore = `file://${data.objects}`;
  const edgeLog = openEdgeLog({
    file: join(data.logs, 'edge.log'),
    say: options.say,
    steady: () => performance.now(),
  });
  ending.push(() => Promise.resolve(edgeLog.end()));

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
  const { fleet: size = {} } = options;
  const policy = (size.adjust ?? ((same) => same))(
    localPolicy({
      minHosts: size.minHosts ?? 2,
      maxHosts: size.maxHosts ?? 6,
      ...(size.roomPoints === undefined ? {} : { roomPoints: size.roomPoints }),
      graceMs: (options.graceWindowS ?? 60) * 1000,
    }),
  );
  const images = openImages({ file: data.images, clock });
  const ownTables = openTables(storeEnvironment);
  ending.push(() => Promise.resolve(ownTables.close()));
  const fleet = await startLocalFleet({
    policy,
    images,
    launch: taskLauncher({
      policy,
      environment: {
        ...storeEnvironment,
        LADDER: options.ladder,
        FFMPEG: options.ffmpeg,
        GRACE_WINDOW_S: String(policy.graceMs / 1000),
        ...(options.x264Preset === undefined ? {} : { X264_PRESET: options.x264Preset }),
      },
      frontUrl: rtmpUrl,
      hostCores: size.hostCores ?? availableParallelism(),
      logs: data.logs,
      say,
    }),
    store: ownTables.fleet,
    folder: data.fleet,
    bootMs: size.bootMs ?? 1_000,
    passMs: size.passMs ?? 1_000,
    rtmp: { host, port: rtmpPort },
    clock,
    random: size.random ?? Math.random,
    log: schedulerLog(join(data.logs, 'scheduler.log')),
    say,
  });
  ending.push(() => fleet.stop());

  const identity = { OIDC_ISSUER: `${url}/local-issuer`, OIDC_CLIENT_ID: clientId };
  // Many processes: they come up while the API does.
  const chatStarting = startLocalChat({
    shards: options.chat?.shards ?? [],
    tasks: options.chat?.tasks ?? 0,
    drainS: options.chat?.drainS ?? 0,
    redisServer: options.chat?.redisServer ?? 'redis-server',
    environment: { ...storeEnvironment, ...identity, ...options.chat?.environment },
    folder: data.chat,
    logs: data.logs,
    mark: randomBytes(3).toString('hex'),
    newTargetId: () => randomBytes(12).toString('base64url'),
    forget: (shard) => ownTables.shards.forget(shard),
    say,
  });
  // A failure is met where it is waited for, also when the API fails first.
  const chatStarted = chatStarting.catch(() => undefined);
  ending.push(async () => (await chatStarted)?.stop());

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
          ...identity,
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
  const chat = await chatStarting;

  const gate = openGateStore({ file: data.gate, clock, random: randomBytes });
  const control = openControl({
    file: data.control,
    url,
    random: randomBytes,
    handlers: {
      release: (wish) => {
        const { digest } = fleet.release(wish);
        say(`Released ${wish.broken ? 'a broken image' : 'another image'}: ${digest.slice(0, 19)}`);
        return Promise.resolve({ digest });
      },
      killHost: async (hostId) => {
        if (!(await fleet.killHost(hostId))) return undefined;
        say(`Pulled the plug of ${hostId}`);
        return { hostId };
      },
      addShard: async (name) => {
        await chat.addShard(name);
        say(`Chat shard ${name} takes viewers`);
      },
      removeShard: async (name) => {
        await chat.removeShard(name);
        say(`Chat shard ${name} is gone`);
      },
      gate: (value) => {
        if (value !== undefined) {
          gate.write(value);
          say(`The gate lets in: ${value}`);
        }
        return Promise.resolve({ value: gate.value });
      },
      token: async (person) => ({ token: await issuer.signFor(person) }),
    },
  });
  ending.push(() => Promise.resolve(control.close()));

  const edge = await startEdge({
    host,
    port,
    origins: {
      ingest: (slot) => fleet.origin(slot),
      api: new URL(`http://${host}:${api.program.ports['http']}`),
      chat: (shard) => chat.group(shard),
      archive: await openObjectStore({ url: objectStore, region: storeEnvironment.AWS_REGION, clock }),
      web: join(import.meta.dirname, '..', 'dist', 'web'),
    },
    publicUrl: url,
    issuer: `${url}/local-issuer`,
    gate,
    cookieKeys: new Map([[cookieKeyPairId, data.cookiePublicKey]]),
    mounts: new Map([
      ['/local-issuer', issuer.handler],
      [controlPrefix, control.handler],
    ]),
    clock,
    log: edgeLog.log,
  });
  ending.push(() => edge.close());

  await fleet.serving();
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
    const demoChat = startDemoChat({
      apiUrl: url,
      channelId: demo.channelId,
      tokenFor: (person) => issuer.signFor(person),
      random: Math.random,
      pause,
    });
    ending.push(() => demoChat.stop());
  }

  return {
    url,
    rtmpUrl,
    demo,
    fleet,
    chat,
    get pids() {
      return { tables: tables.program.pid, api: api.program.pid };
    },
    tokenFor: (person) => Promise.resolve(issuer.signFor(person)),
    stop,
    killAll: async () => {
      await Promise.all([fleet.kill(), chat.kill(), api.kill(), tables.kill()]);
    },
  };
}
