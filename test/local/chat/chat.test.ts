import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLocalChat, type LocalChat } from '../../../local/chat/chat.ts';
import { readNote } from '../../../local/chat/redis-note.ts';
import type { LocalShard } from '../../../local/chat/shard.ts';
import { freePort } from '../../../local/free-port.ts';
import { startTables, type LocalTables } from '../../../local/tables.ts';
import { until } from '../../support/platform.ts';
import { childrenOf, isRunning, processes } from '../../support/processes.ts';

const redisServer = process.env['REDIS_SERVER'] ?? 'redis-server';

/** One command over a plain connection; undefined when nothing answers in time. */
async function askRedis(port: number, command: string): Promise<string | undefined> {
  const socket = createConnection(port, '127.0.0.1');
  try {
    socket.write(`${command}\r\n`);
    const [answer] = (await once(socket, 'data', { signal: AbortSignal.timeout(300) })) as [Buffer];
    return answer.toString();
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}
const portOf = ({ redisUrl }: LocalShard): number => Number(new URL(redisUrl).port);
const pong = (port: number): Promise<true> =>
  until('Redis answers', async () => ((await askRedis(port, 'PING')) === '+PONG\r\n' ? true : undefined));

describe('the shards of the local platform', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidecast-chat-'));
  const forgotten: string[] = [];
  let tables: LocalTables;
  let chat: LocalChat;
  const start = (): Promise<LocalChat> =>
    startLocalChat({
      shards: ['a', 'b'],
      tasks: 1,
      drainS: 0,
      redisServer,
      environment: {
        TABLE_PREFIX: 'tidecast',
        DYNAMODB_ENDPOINT: tables.endpoint,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        OBJECT_STORE: `file://${folder}`,
        OIDC_ISSUER: 'http://127.0.0.1:9',
        OIDC_CLIENT_ID: 'tidecast-web',
      },
      folder,
      logs: folder,
      mark: 'test',
      newTargetId: () => randomBytes(6).toString('hex'),
      forget: (shard) => {
        forgotten.push(shard);
        return Promise.resolve();
      },
      say: () => {},
    });

  beforeAll(async () => {
    tables = await startTables({});
    chat = await start();
  });
  afterAll(async () => {
    await chat?.stop();
    await tables.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const onlyTask = (shard: LocalShard) => {
    const [task, ...others] = shard.tasks;
    if (task === undefined || others.length > 0) throw new Error(`${shard.tasks.length} tasks`);
    return task;
  };
  const redisOf = (shard: LocalShard): number => readNote(join(folder, shard.name))?.pid ?? 0;

  it('have each a Redis of their own, that keeps nothing on disk and refuses rather than forgets', async () => {
    const ports = chat.shards.map(portOf);
    expect(new Set(ports).size).toBe(2);
    for (const port of ports) {
      await pong(port);
      expect(await askRedis(port, 'CONFIG GET maxmemory')).toContain(String(256 * 1024 ** 2));
      expect(await askRedis(port, 'CONFIG GET maxmemory-policy')).toContain('noeviction');
      expect(await askRedis(port, 'CONFIG GET save')).toBe('*2\r\n$4\r\nsave\r\n$0\r\n\r\n');
    }
  });

  it('are where the edge looks for them, and no others', () => {
    for (const name of ['a', 'b'])
      expect(chat.group(name)?.targets).toMatchObject([{ state: 'healthy', outstanding: 0 }]);
    expect(chat.group('c')).toBeUndefined();
    expect(() => chat.shard('c')).toThrow('There is no shard c; there are a, b.');
  });

  it('replace a task that was killed, at the same address', async () => {
    const shard = chat.shard('a');
    const before = onlyTask(shard);
    shard.killTask(before.taskId);
    await until('another task is well', () => {
      const now = onlyTask(shard);
      return Promise.resolve(now.pid !== before.pid && now.state === 'healthy' ? true : undefined);
    });
    expect(onlyTask(shard).url.href).toBe(before.url.href);
    expect(onlyTask(shard).taskId).not.toBe(before.taskId);
    expect(() => shard.killTask(before.taskId)).toThrow('no task');
  });

  it('restart a task without being without one', async () => {
    const shard = chat.shard('b');
    const before = onlyTask(shard);
    let least = Infinity;
    const watch = setInterval(() => {
      least = Math.min(least, shard.tasks.filter(({ state }) => state === 'healthy').length);
    }, 5);
    await shard.restartTask(before.taskId);
    clearInterval(watch);
    expect(least).toBe(1);
    expect(isRunning(before.pid)).toBe(false);
    expect(onlyTask(shard)).toMatchObject({ state: 'healthy' });
    expect(onlyTask(shard).url.href).not.toBe(before.url.href);
  });

  it('bring a killed Redis back at the same address, empty', async () => {
    const shard = chat.shard('a');
    expect(await askRedis(portOf(shard), 'SET x 1')).toBe('+OK\r\n');
    const before = redisOf(shard);
    shard.killRedis();
    await until('another Redis', () => Promise.resolve(redisOf(shard) === before ? undefined : true));
    await pong(portOf(shard));
    expect(await askRedis(portOf(shard), 'GET x')).toBe('$-1\r\n');
  });

  it('have a frozen Redis answer nothing, and go on when it is thawed', async () => {
    const shard = chat.shard('b');
    shard.freezeRedis();
    expect(await askRedis(portOf(shard), 'PING')).toBeUndefined();
    shard.thawRedis();
    await pong(portOf(shard));
  });

  it('end a Redis that outlived its program, and take its port', async () => {
    const shard = chat.shard('a');
    const before = redisOf(shard);
    const program = processes().find(({ pid }) => pid === before)?.parent ?? 0;
    process.kill(program, 'SIGKILL');
    await until('the Redis of before has ended', () => Promise.resolve(isRunning(before) ? undefined : true));
    await pong(portOf(shard));
  });

  it('can be added and removed while the others run, and an added one is there again at the next start', async () => {
    await expect(chat.addShard('a')).rejects.toThrow('There is a shard a already.');
    await expect(chat.addShard('Not/a/name')).rejects.toThrow('small letters');
    const adding = chat.addShard('c');
    await expect(chat.addShard('c')).rejects.toThrow('just now');
    await expect(chat.removeShard('c')).rejects.toThrow('just now');
    await adding;
    expect(chat.group('c')?.targets).toMatchObject([{ state: 'healthy' }]);
    const untouched = onlyTask(chat.shard('b'));

    await chat.removeShard('a');
    expect(forgotten).toEqual(['a']);
    expect(chat.group('a')).toBeUndefined();
    expect(onlyTask(chat.shard('b'))).toEqual(untouched);

    await chat.stop();
    chat = await start();
    expect(chat.shards.map(({ name }) => name).toSorted()).toEqual(['b', 'c']);
    await chat.removeShard('c');
    await expect(chat.removeShard('b')).rejects.toThrow('the last shard');
  });

  it('leave no process behind when they are ended, frozen or not', async () => {
    const shard = chat.shard('b');
    const pids = [redisOf(shard), onlyTask(shard).pid];
    shard.freezeRedis();
    await chat.stop();
    expect(pids.filter(isRunning)).toEqual([]);
  });
});

describe('the program of a Redis', () => {
  it('ends its Redis when whoever started it is gone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidecast-redis-'));
    const port = await freePort('127.0.0.1', 0, '');
    const program = fork(join(import.meta.dirname, '../../../local/chat/redis-program.ts'), [], {
      env: {
        PATH: process.env['PATH'],
        TIDECAST_PARENT_WATCH: '1',
        REDIS_SERVER: redisServer,
        REDIS_PORT: String(port),
        REDIS_FOLDER: folder,
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const [message] = (await once(program, 'message')) as [unknown];
    expect(message).toEqual({ ready: { redis: port } });
    const [redis] = childrenOf(program.pid ?? 0);
    const exited = once(program, 'exit');
    // What the end of the starter is for the program.
    program.disconnect();
    await exited;
    expect(isRunning(redis?.pid ?? 0)).toBe(false);
    rmSync(folder, { recursive: true });
  });
});
