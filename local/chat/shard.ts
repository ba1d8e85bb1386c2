import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkHealth } from '../edge/balancer/health.ts';
import { TargetGroup } from '../edge/balancer/target-group.ts';
import { freePort } from '../free-port.ts';
import { keepRunning } from '../keep-running.ts';
import { startProgram } from '../program.ts';
import { readNote } from './redis-note.ts';
import { ChatTasks, type ChatTaskView } from './tasks.ts';

/** What all shards of a platform have in common. */
export interface ShardOptions {
  /** Tables, object storage, issuer: what the environment of a chat task has beside its shard. */
  readonly environment: Readonly<Record<string, string>>;
  readonly redisServer: string;
  readonly tasks: number;
  /** DRAIN_S of the tasks. */
  readonly drainS: number;
  /** A folder for each shard. */
  readonly folder: string;
  readonly logs: string;
  /** Tells this start of the platform from those before. */
  readonly mark: string;
  readonly newTargetId: () => string;
  readonly say: (text: string) => void;
}

/** A chat shard: a Redis and its tasks, each started again when it ends by itself. */
export interface LocalShard {
  readonly name: string;
  readonly redisUrl: string;
  readonly tasks: readonly ChatTaskView[];
  readonly group: TargetGroup;
  /** kill -9 of a task; another one takes its place. */
  killTask(taskId: string): void;
  /** As a deployment: another one first, then it sends its viewers away and ends. */
  restartTask(taskId: string): Promise<void>;
  /** kill -9; it comes back empty. */
  killRedis(): void;
  /** Connections stay, nothing answers. */
  freezeRedis(): void;
  thawRedis(): void;
  /** `drained`: its viewers are sent away first. */
  end(how: 'drained' | 'at once' | 'killed'): Promise<void>;
}

const host = '127.0.0.1';
const chatMain = join(import.meta.dirname, '..', '..', 'containers', 'chat', 'main.ts');
/** As an ALB at its fastest would be 5 s; people at this machine are not to wait for a task that is ready. */
const checkEveryMs = 1_000;
const checkTimeoutMs = 1_000;
/** What a task may take beyond its drain before it is killed. */
const endsWithinMs = 10_000;

const ways = { drained: 'stop', 'at once': 'finish', killed: 'kill' } as const;

export async function startShard(name: string, options: ShardOptions): Promise<LocalShard> {
  const { say, logs } = options;
  const folder = join(options.folder, name);
  mkdirSync(folder, { recursive: true });
  const redisPort = await freePort(host, 0, '');
  const redis = await keepRunning({
    name: `the Redis of chat shard ${name}`,
    say,
    start: (onCrash) =>
      startProgram({
        name: `the Redis of chat shard ${name}`,
        main: join(import.meta.dirname, 'redis-program.ts'),
        env: { REDIS_SERVER: options.redisServer, REDIS_PORT: String(redisPort), REDIS_FOLDER: folder },
        logFile: join(logs, `redis-${name}.log`),
        onCrash,
      }),
  });
  const redisUrl = `redis://${host}:${redisPort}`;
  const group = new TargetGroup({
    check: checkHealth(checkTimeoutMs),
    everyMs: checkEveryMs,
    newId: options.newTargetId,
  });
  const tasks = new ChatTasks({
    shard: name,
    group,
    mark: options.mark,
    say,
    launch: ({ taskId, port, onCrash }) =>
      startProgram({
        name: `chat task ${taskId}`,
        main: chatMain,
        env: {
          ...options.environment,
          SHARD: name,
          TASK_ID: taskId,
          REDIS_URL: redisUrl,
          HTTP_HOST: host,
          HTTP_PORT: String(port),
          DRAIN_S: String(options.drainS),
        },
        logFile: join(logs, `chat-${name}.log`),
        onCrash,
        stopAfterMs: options.drainS * 1_000 + endsWithinMs,
      }),
  });
  const end = async (how: keyof typeof ways): Promise<void> => {
    await tasks.end(ways[how]);
    group.close();
    await (how === 'killed' ? redis.kill() : redis.stop());
  };
  try {
    await Promise.all(Array.from({ length: options.tasks }, () => tasks.start()));
  } catch (error) {
    await end('killed');
    throw error;
  }

  const signalRedis = (signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void => {
    const note = readNote(folder);
    if (note === undefined) throw new Error(`no Redis of shard ${name} is known`);
    process.kill(note.pid, signal);
  };
  return {
    name,
    redisUrl,
    group,
    get tasks() {
      return tasks.views;
    },
    killTask: (taskId) => tasks.kill(taskId),
    restartTask: (taskId) => tasks.replace(taskId),
    killRedis: () => signalRedis('SIGKILL'),
    freezeRedis: () => signalRedis('SIGSTOP'),
    thawRedis: () => signalRedis('SIGCONT'),
    end,
  };
}
