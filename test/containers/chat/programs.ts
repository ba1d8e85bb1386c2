/** Chat tasks as processes, with what they need around them: real Redis, tables, and an issuer of tokens. */
import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ulid } from 'ulid';
import type { PostBus } from '../../../core/chat/bus.ts';
import type { Broadcast, Visibility } from '../../../core/broadcast/types.ts';
import { createIssuer, type Issuer } from '../../../local/issuer/issuer.ts';
import { startTables } from '../../../local/tables.ts';
import { openPostBus } from '../../../runtime/bus/post-bus.ts';
import { openTables, type Tables } from '../../../runtime/store/tables/open.ts';
import { watchTables } from '../../support/iam/watch-tables.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';

const main = join(import.meta.dirname, '../../../containers/chat/main.ts');
const clientId = 'tidecast-web';

export interface Task {
  readonly child: ChildProcess;
  readonly origin: string;
  readonly exit: Promise<unknown[]>;
  readonly output: () => string;
}

export interface Programs {
  readonly tables: Tables;
  readonly redis: TestRedis;
  readonly issuer: Issuer;
  /** The API's side of the shard. */
  readonly bus: PostBus;
  /** One more task of shard `a`. */
  startTask(more?: Readonly<Record<string, string>>): Promise<Task>;
  /** A live broadcast with its chat in this shard. */
  goLive(visibility?: Visibility, shard?: string): Promise<Broadcast>;
  close(): Promise<void>;
}

export async function startPrograms(): Promise<Programs> {
  const folder = await mkdtemp(join(tmpdir(), 'tidecast-chat-'));
  const local = await startTables({});
  const store = { TABLE_PREFIX: 'tidecast', DYNAMODB_ENDPOINT: local.endpoint, AWS_REGION: 'us-east-1' };
  const tables = openTables(store);
  const redis = await startRedis();
  const issuerServer = createServer((request, response) => issuer.handler(request, response));
  await new Promise<void>((resolve) => issuerServer.listen(0, '127.0.0.1', resolve));
  const issuerUrl = `http://127.0.0.1:${(issuerServer.address() as AddressInfo).port}/local-issuer`;
  const issuer = await createIssuer({
    issuerUrl,
    clientId,
    redirectOrigins: [],
    keyFile: join(folder, 'key.json'),
    clock: { now: () => Date.now() },
    random: randomBytes,
  });
  // What the tasks ask for is heard: their role has to allow it.
  const watched = await watchTables('chat', local.endpoint);
  const environment = {
    ...store,
    DYNAMODB_ENDPOINT: watched.endpoint,
    SHARD: 'a',
    REDIS_URL: redis.url,
    HTTP_HOST: '127.0.0.1',
    HTTP_PORT: '0',
    OBJECT_STORE: pathToFileURL(join(folder, 'objects')).href,
    OIDC_ISSUER: issuerUrl,
    OIDC_CLIENT_ID: clientId,
    DRAIN_S: '1',
    TICK_MS: '20',
  };
  const bus = openPostBus({ url: redis.url, clock: { now: () => Date.now() } });
  const tasks: Task[] = [];
  return {
    tables,
    redis,
    issuer,
    bus,
    startTask: async (more = {}) => {
      const task = await startTask({ ...environment, ...more });
      tasks.push(task);
      return task;
    },
    goLive: (visibility = 'public', shard = 'a') => goLive(tables, visibility, shard),
    close: async () => {
      for (const { child } of tasks) child.kill('SIGKILL');
      await Promise.all(tasks.map(({ exit }) => exit));
      await bus.close();
      await redis.stop();
      tables.close();
      await watched.close();
      await local.close();
      issuerServer.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function startTask(environment: Readonly<Record<string, string>>): Promise<Task> {
  const child = fork(main, [], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exit = once(child, 'close');
  const ready = await Promise.race([once(child, 'message'), exit]);
  const [message] = ready as [{ ready?: { http: number } }];
  if (message?.ready === undefined) throw new Error(output);
  return { child, origin: `http://127.0.0.1:${message.ready.http}`, exit, output: () => output };
}

async function goLive(tables: Tables, visibility: Visibility, shard: string): Promise<Broadcast> {
  const channelId = ulid().toLowerCase();
  const channel = {
    channelId,
    ownerId: 'host',
    name: 'A channel',
    title: 'A show',
    visibility,
    keyHash: 'x',
    createdAt: Date.now(),
    keyCreatedAt: Date.now(),
  };
  await tables.channels.create(channel, 1_000);
  const { broadcast } = await tables.broadcasts.openSession({
    channel,
    taskId: 'task',
    slot: 'in-01',
    now: Date.now(),
    graceMs: 60_000,
    newId: () => ulid().toLowerCase(),
  });
  await tables.broadcasts.assignShard(broadcast.broadcastId, shard);
  return broadcast;
}
