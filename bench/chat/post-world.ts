/**
 * Everything around the API of the bench `chat-post`, on the viewers' core: tables, Redis, a chat task, an issuer,
 * the people who post, and a viewer of each show who sees it. The API alone has the other core.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { io } from 'socket.io-client';
import { ulid } from 'ulid';
import type { PostedMessage } from '../../core/api/chat.ts';
import type { ChatLimits } from '../../core/chat/limits.ts';
import type { ChatMessage } from '../../core/chat/message.ts';
import { openDataFolder } from '../../local/data.ts';
import { createIssuer } from '../../local/issuer/issuer.ts';
import { operatorName } from '../../local/issuer/tokens.ts';
import { startProgram } from '../../local/program.ts';
import { openTables } from '../../runtime/store/tables/open.ts';
import { startRedis } from '../../test/support/redis.ts';
import { percentile, sleep, wallMs } from './clock.ts';
import { answerQuestions, serverCore } from './pinned.ts';

export type WorldQuestion =
  | { readonly do: 'open'; readonly people: number }
  | { readonly do: 'limits'; readonly platform: number }
  /** As fast as it goes, so many posts under way. */
  | { readonly do: 'flat-out'; readonly underWay: number; readonly seconds: number }
  /** So many a second, whether or not the answers come. */
  | { readonly do: 'steadily'; readonly perS: number; readonly seconds: number }
  /** The same requests to a server that only checks the token. */
  | { readonly do: 'floor'; readonly underWay: number; readonly seconds: number }
  | { readonly do: 'close' };

export interface PostFigures {
  readonly postsPerS: number;
  readonly refusedPerS: number;
  /** Answers that were neither taken nor 429. */
  readonly failed: number;
  /** Taken, and not on the viewer's screen within 5 s. */
  readonly unseen: number;
  /** From the moment at which a post was due to the viewer's screen (of the floor: to the answer). */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly apiCpu: number;
}

interface World {
  readonly api: { readonly port: number; readonly pid: number };
  readonly floor: { readonly port: number; readonly pid: number };
  readonly broadcastIds: readonly string[];
  readonly tokens: readonly string[];
  readonly operator: string;
  readonly seenAt: Map<string, number>;
  close(): Promise<void>;
}

const host = '127.0.0.1';
const repository = join(import.meta.dirname, '..', '..');

/** Each within what a channel may say by default (core/chat/limits.ts), or little above. */
const shows = 10;

/** Ids are those of a broadcast: two may have the same. */
const seenName = (broadcastId: string, id: string): string => `${broadcastId}/${id}`;

const pin = (pid: number, core: number): void => {
  execFileSync('taskset', ['-apc', String(core), String(pid)], { stdio: 'ignore' });
};

async function openWorld(people: number): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'tidecast-bench-'));
  const closing: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];
  const data = openDataFolder(join(folder, 'data'));
  const program = async (name: string, main: string, env: Readonly<Record<string, string>>) => {
    const made = await startProgram({
      name,
      main: join(repository, main),
      env,
      logFile: join(data.logs, `${name}.log`),
      onCrash: (text) => console.error(text),
    });
    closing.push(() => made.stop());
    return { port: made.ports['http'] ?? 0, pid: made.pid };
  };

  const front = createServer();
  front.listen(0, host);
  await once(front, 'listening');
  closing.push(() => front.closeAllConnections());
  const issuerUrl = `http://${host}:${(front.address() as AddressInfo).port}`;
  const clientId = 'bench';
  const clock = { now: Date.now };
  const issuer = await createIssuer({
    issuerUrl,
    clientId,
    redirectOrigins: [],
    keyFile: data.issuerKeyFile,
    clock,
    random: randomBytes,
  });
  front.on('request', issuer.handler);

  const redis = await startRedis();
  closing.push(() => redis.stop());
  const { port: tablesPort } = await program('tables', 'bench/chat/post-tables.ts', {});
  const store = {
    TABLE_PREFIX: 'tidecast',
    DYNAMODB_ENDPOINT: `http://${host}:${tablesPort}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    OBJECT_STORE: `file://${data.objects}`,
    OIDC_ISSUER: issuerUrl,
    OIDC_CLIENT_ID: clientId,
    HTTP_HOST: host,
    HTTP_PORT: '0',
    LOG_LEVEL: 'warn',
  };
  const task = await program('chat', 'containers/chat/main.ts', {
    ...store,
    SHARD: 'a',
    REDIS_URL: redis.url,
    DRAIN_S: '0',
  });
  const api = await program('api', 'containers/api/main.ts', {
    ...store,
    RTMP_URL: 'rtmp://none.invalid/live',
    PUBLIC_URL: issuerUrl,
    COOKIE_KEY_FILE: data.cookieKeyFile,
    COOKIE_KEY_PAIR_ID: 'BENCH',
  });
  const floor = await program('floor', 'bench/chat/post-floor.ts', store);
  for (const { pid } of [api, floor]) pin(pid, serverCore);

  const tables = openTables(store);
  closing.push(() => tables.close());
  const seenAt = new Map<string, number>();
  const openShow = async (): Promise<string> => {
    const now = Date.now();
    const channelId = ulid().toLowerCase();
    const channel = {
      channelId,
      ownerId: 'owner',
      name: 'Bench',
      title: '',
      visibility: 'public',
      keyHash: '0'.repeat(64),
      keyCreatedAt: now,
      createdAt: now,
    } as const;
    await tables.channels.create(channel, shows);
    const { broadcast } = await tables.broadcasts.openSession({
      channel,
      taskId: 'bench',
      slot: 'in-01',
      now,
      graceMs: 60_000,
      newId: () => ulid().toLowerCase(),
      chooseShard: () => Promise.resolve('a'),
    });
    const { broadcastId } = broadcast;

    const see = (messages: readonly ChatMessage[]): void => {
      const at = wallMs();
      for (const { id } of messages) seenAt.set(seenName(broadcastId, id), at);
    };
    const viewer = io(`http://${host}:${task.port}`, {
      path: '/chat/a/',
      transports: ['websocket'],
      auth: { broadcast: broadcastId },
    });
    closing.push(() => viewer.disconnect());
    viewer.on('chats', see);
    viewer.on('history', ({ messages }: { readonly messages: readonly ChatMessage[] }) => see(messages));
    await new Promise((resolve) => void viewer.once('joined', resolve));
    return broadcastId;
  };
  const broadcastIds = await Promise.all(Array.from({ length: shows }, openShow));

  const tokens: string[] = [];
  for (let n = 0; n < people; n += 1) tokens.push(await issuer.signFor(`person-${n}`));
  const operator = await issuer.signFor(operatorName);
  return {
    api,
    floor,
    broadcastIds,
    tokens,
    operator,
    seenAt,
    close: async () => {
      for (const end of closing.toReversed()) await end();
    },
  };
}

const agent = new Agent({ keepAlive: true, maxSockets: 512 });

function call(
  port: number,
  path: string,
  method: 'POST' | 'PATCH',
  token: string,
  body: object,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const payload = JSON.stringify(body);
    const asking = request(
      {
        agent,
        host,
        port,
        path,
        method,
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(payload),
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.on('error', reject);
      },
    );
    asking.on('error', reject);
    asking.end(payload);
  });
}

/** Linux counts CPU in hundredths of a second. */
const ticksPerS = 100;
function cpuSeconds(pid: number): number {
  const [, after = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const fields = after.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerS;
}

const lines = ['nice one', 'gg', 'what a save!', 'ganbare', 'すごい', 'first time here', 'lol', 'さすが'];
const unseenAfterMs = 5_000;

class Round {
  readonly #world: World;
  readonly #to: 'api' | 'floor';
  readonly #taken = new Map<string, number>();
  #count = 0;
  #posted = 0;
  #refused = 0;
  #failed = 0;

  constructor(world: World, to: 'api' | 'floor' = 'api') {
    this.#world = world;
    this.#to = to;
  }

  async post(dueAt: number): Promise<void> {
    const { tokens, broadcastIds } = this.#world;
    const n = this.#count;
    const broadcastId = broadcastIds[n % broadcastIds.length] ?? '';
    this.#count += 1;
    try {
      const { status, text } = await call(
        this.#world[this.#to].port,
        `/api/broadcasts/${broadcastId}/messages`,
        'POST',
        tokens[n % tokens.length] ?? '',
        { text: `${lines[n % lines.length] ?? ''} ${n}` },
      );
      if (status === 429) this.#refused += 1;
      else if (status !== 201) this.#failed += 1;
      else {
        this.#posted += 1;
        const { id } = JSON.parse(text) as PostedMessage;
        const name = seenName(broadcastId, id);
        this.#taken.set(name, dueAt);
        // Nobody shows what the floor takes: its answer is all that can be timed.
        if (this.#to === 'floor') this.#world.seenAt.set(name, wallMs());
      }
    } catch {
      this.#failed += 1;
    }
  }

  async measure(posting: (round: Round) => Promise<void>): Promise<PostFigures> {
    const { pid } = this.#world[this.#to];
    const cpu = cpuSeconds(pid);
    const startedAt = wallMs();
    await posting(this);
    const seconds = (wallMs() - startedAt) / 1_000;
    const apiCpu = (cpuSeconds(pid) - cpu) / seconds;
    const { seenAt } = this.#world;
    const unseen = (): number => [...this.#taken.keys()].filter((name) => !seenAt.has(name)).length;
    const giveUpAt = wallMs() + unseenAfterMs;
    while (unseen() > 0 && wallMs() < giveUpAt) await sleep(20);
    const took = [...this.#taken].flatMap(([name, dueAt]) => {
      const at = seenAt.get(name);
      return at === undefined ? [] : [at - dueAt];
    });
    return {
      postsPerS: this.#posted / seconds,
      refusedPerS: this.#refused / seconds,
      failed: this.#failed,
      unseen: unseen(),
      p50Ms: percentile(took, 0.5),
      p99Ms: percentile(took, 0.99),
      apiCpu,
    };
  }
}

const flatOut =
  (underWay: number, seconds: number) =>
  async (round: Round): Promise<void> => {
    const until = wallMs() + seconds * 1_000;
    const one = async (): Promise<void> => {
      while (wallMs() < until) await round.post(wallMs());
    };
    await Promise.all(Array.from({ length: underWay }, one));
  };

const steadily =
  (perS: number, seconds: number) =>
  async (round: Round): Promise<void> => {
    const startedAt = wallMs();
    const posts: Promise<void>[] = [];
    for (let n = 0; n < perS * seconds; n += 1) {
      const dueAt = startedAt + (n * 1_000) / perS;
      while (wallMs() < dueAt) await sleep(1);
      posts.push(round.post(dueAt));
    }
    await Promise.all(posts);
  };

let world: World | undefined;

answerQuestions(async (question: WorldQuestion) => {
  if (question.do === 'open') {
    world = await openWorld(question.people);
    return undefined;
  }
  if (world === undefined) throw new Error('the world is not open');
  switch (question.do) {
    case 'close':
      return world.close();
    case 'limits': {
      const wide = { perS: 100_000, burst: 100_000 };
      const limits: ChatLimits = {
        person: wide,
        channel: wide,
        platform: { perS: question.platform, burst: question.platform * 2 },
        shownPerS: 10_000,
      };
      const { status, text } = await call(
        world.api.port,
        '/api/ops/chat/limits',
        'PATCH',
        world.operator,
        limits,
      );
      if (status !== 200) throw new Error(`the limits were not taken: ${status} ${text}`);
      // The tasks read what a channel shows every ten seconds.
      return sleep(11_000);
    }
    case 'flat-out':
      return new Round(world).measure(flatOut(question.underWay, question.seconds));
    case 'steadily':
      return new Round(world).measure(steadily(question.perS, question.seconds));
    case 'floor':
      return new Round(world, 'floor').measure(flatOut(question.underWay, question.seconds));
  }
});
