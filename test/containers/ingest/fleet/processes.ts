/** Ingest tasks as processes of their own, on one set of tables and one object store; encoders are real ffmpegs. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Broadcast } from '../../../../core/broadcast/types.ts';
import type { Heartbeat, Order, Peer } from '../../../../core/fleet/heartbeat.ts';
import type { Lease } from '../../../../core/fleet/ports.ts';
import { startTables } from '../../../../local/tables.ts';
import { hashSecret } from '../../../../runtime/identity/stream-keys.ts';
import { openDirectoryStore } from '../../../../runtime/store/objects/directory.ts';
import { openTables, type Tables } from '../../../../runtime/store/tables/open.ts';
import { startEncoder, testPicture, type Encoder } from '../../../support/encoder.ts';
import { watchTables } from '../../../support/iam/watch-tables.ts';

const main = join(import.meta.dirname, '../../../../containers/ingest/main.ts');
const secret = 'abcdefghijklmnopqrstuvwxyz012345';

export interface TaskProcess {
  readonly taskId: string;
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  /** An ffmpeg that publishes to this very task. */
  push(key: string): Encoder;
  /** Of the live window. */
  livePlaylist(broadcastId: string): Promise<string>;
  metrics(): Promise<string>;
}

export interface Fleet {
  readonly tables: Tables;
  task(taskId: string, env?: Readonly<Record<string, string>>): Promise<TaskProcess>;
  /** A channel of its own; answers its stream key. */
  channel(): Promise<string>;
  order(taskId: string, generation: number, phase: Order['phase']): Promise<void>;
  /** As the scheduler names tasks with room. */
  peers(peers: readonly Peer[]): Promise<void>;
  /** The only broadcast that has not ended, once it is like this. */
  broadcast(like: (broadcast: Broadcast) => boolean): Promise<Broadcast>;
  heartbeat(taskId: string, like: (heartbeat: Heartbeat) => boolean): Promise<Heartbeat>;
  /** The archive's list of the 160p rendition, once it is like this. */
  archive(broadcastId: string, like: (playlist: string) => boolean): Promise<string>;
  close(): Promise<void>;
}

const patienceMs = 40_000;

/** Polls: what is waited for lies in another process. */
async function until<T>(what: string, read: () => Promise<T | undefined>): Promise<T> {
  const giveUpAt = performance.now() + patienceMs;
  while (performance.now() < giveUpAt) {
    const found = await read();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain until ${what}`);
}

export async function startFleet(): Promise<Fleet> {
  const folder = await mkdtemp(join(tmpdir(), 'tidecast-tasks-'));
  const local = await startTables({});
  const tables = openTables({
    TABLE_PREFIX: 'tidecast',
    DYNAMODB_ENDPOINT: local.endpoint,
    AWS_REGION: 'us-east-1',
  });
  // What the tasks ask for is heard: their role has to allow it.
  const watched = await watchTables('ingest', local.endpoint);
  const objects = join(folder, 'objects');
  const store = await openDirectoryStore({ root: objects, clock: { now: Date.now } });
  const children: ChildProcess[] = [];
  const encoders: Encoder[] = [];
  let channels = 0;
  const asScheduler = async (act: (lease: Lease) => Promise<void>): Promise<void> => {
    const lease = await tables.fleet.acquireLease({ holder: 'test', now: Date.now(), leaseMs: 60_000 });
    if (lease === undefined) throw new Error('somebody else schedules');
    await act(lease);
    await tables.fleet.releaseLease(lease);
  };

  return {
    tables,
    task: async (taskId, env = {}) => {
      const child = fork(main, [], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        env: {
          PATH: process.env['PATH'],
          TABLE_PREFIX: 'tidecast',
          DYNAMODB_ENDPOINT: watched.endpoint,
          OBJECT_STORE: pathToFileURL(objects).href,
          TASK_ID: taskId,
          SLOT: `in-${taskId}`,
          RTMP_HOST: '127.0.0.1',
          RTMP_PORT: '0',
          RELAY_HOST: '127.0.0.1',
          RELAY_PORT: '0',
          RELAY_ADVERTISE: '127.0.0.1',
          HTTP_HOST: '127.0.0.1',
          HTTP_PORT: '0',
          SPOOL_DIR: join(folder, 'spool', taskId),
          LADDER: '160p',
          X264_PRESET: 'ultrafast',
          HEARTBEAT_S: '0.2',
          // Whoever else uses this machine must not close the doors of the test.
          HOST_CORES: '64',
          LOG_LEVEL: 'silent',
          ...env,
        },
      });
      children.push(child);
      const exited = once(child, 'exit').then(([code]) => code as number | null);
      const [{ ready }] = (await once(child, 'message')) as [{ readonly ready: Record<string, number> }];
      const get = async (path: string): Promise<string> =>
        (await fetch(`http://127.0.0.1:${ready['http']}${path}`)).text();
      return {
        taskId,
        child,
        exited,
        push: (key) => {
          const encoder = startEncoder(
            `rtmp://127.0.0.1:${ready['rtmp']}/live/${key}`,
            testPicture({ size: '320x180' }),
          );
          encoders.push(encoder);
          return encoder;
        },
        livePlaylist: (broadcastId) => get(`/live/in-${taskId}/${broadcastId}/160p/index.m3u8`),
        metrics: () => get('/metrics'),
      };
    },
    channel: async () => {
      channels += 1;
      const channelId = `01channel0000000000000${String(channels).padStart(4, '0')}`;
      await tables.channels.create(
        {
          channelId,
          ownerId: 'owner',
          name: 'Channel',
          title: 'Title',
          visibility: 'public',
          keyHash: hashSecret(secret),
          keyCreatedAt: Date.now(),
          createdAt: Date.now(),
        },
        100,
      );
      return `${channelId}_${secret}`;
    },
    order: (taskId, generation, phase) => {
      const at = Date.now();
      const order: Order = {
        taskId,
        generation,
        phase,
        reason: 'rollout',
        text: 'for a test',
        at,
        expiredAt: at,
      };
      return asScheduler((lease) => tables.fleet.writeOrder(order, lease));
    },
    peers: (peers) => asScheduler((lease) => tables.fleet.writePeers(peers, lease)),
    broadcast: (like) =>
      until('the broadcast is so', async () => {
        const { broadcasts } = await tables.broadcasts.listUnended();
        if (broadcasts.length > 1) throw new Error(`${broadcasts.length} broadcasts are under way`);
        return broadcasts.find(like);
      }),
    heartbeat: async (taskId, like) => {
      let last: Heartbeat | undefined;
      return until(`task ${taskId} says so`, async () => {
        last = await tables.fleet.heartbeat(taskId);
        return last !== undefined && like(last) ? last : undefined;
      }).catch((error: unknown) => {
        throw new Error(`the last that it said: ${JSON.stringify(last)}`, { cause: error });
      });
    },
    archive: (broadcastId, like) =>
      until('the archive is so', async () => {
        const found = await store.get(`archive/${broadcastId}/160p/index.m3u8`);
        const text = found === undefined ? '' : new TextDecoder().decode(found.bytes);
        return like(text) ? text : undefined;
      }),
    close: async () => {
      await Promise.all(encoders.map((encoder) => encoder.kill()));
      await Promise.all(
        children.map(async (child) => {
          if (child.exitCode !== null || child.signalCode !== null) return;
          child.kill('SIGKILL');
          await once(child, 'exit');
        }),
      );
      tables.close();
      await watched.close();
      await local.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
