/**
 * An ingest task without network and ffmpeg: real tables (dynalite), real archive in a directory, real live
 * window; the encoder and its encoding are played by the test.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EncodingListener, InputState, SessionEnd, SourceInfo } from '../../../../core/media/flow.ts';
import type { Channel } from '../../../../core/broadcast/types.ts';
import {
  createArchiveBudget,
  openArchive,
  pruneSpool,
  spooledBroadcasts,
} from '../../../../containers/ingest/archive/archive.ts';
import { Broadcasts } from '../../../../containers/ingest/broadcast/broadcasts.ts';
import type {
  BroadcastDependencies,
  BroadcastRecords,
} from '../../../../containers/ingest/broadcast/ports.ts';
import { recordsOf } from '../../../../containers/ingest/broadcast/records.ts';
import { Recovery } from '../../../../containers/ingest/broadcast/recovery.ts';
import { Door } from '../../../../containers/ingest/fleet/door.ts';
import { Member } from '../../../../containers/ingest/fleet/member.ts';
import { planFor } from '../../../../containers/ingest/broadcast/plan.ts';
import type { Publisher, PublishSink } from '../../../../containers/ingest/rtmp/types.ts';
import { defaultRungs } from '../../../../core/media/ladder.ts';
import { startTables } from '../../../../local/tables.ts';
import { hashSecret } from '../../../../runtime/identity/stream-keys.ts';
import { openDirectoryStore } from '../../../../runtime/store/objects/directory.ts';
import { ObjectStoreError, type ObjectStore } from '../../../../runtime/store/objects/port.ts';
import type { FleetTable } from '../../../../runtime/store/tables/fleet.ts';
import { TableError } from '../../../../runtime/store/tables/client.ts';
import { openTables, type Tables } from '../../../../runtime/store/tables/open.ts';
import { createLogger } from '../../../../runtime/telemetry/log.ts';
import { heardObjects } from '../../../support/iam/hear-objects.ts';
import { watchTables } from '../../../support/iam/watch-tables.ts';

const channelId = '01channel00000000000000000';
const secret = 'abcdefghijklmnopqrstuvwxyz012345';
const source: SourceInfo = {
  hasVideo: true,
  hasAudio: true,
  width: 320,
  height: 180,
  framesPerSecond: 30,
  encoder: undefined,
};

export interface Connection {
  /** `accepted`, or the code of the refusal. */
  readonly decision: string;
  /** Why, for metrics, and whether another server would take it. */
  readonly refusal: { readonly reason?: string; readonly elsewhere?: boolean } | undefined;
  /** Why the task closed it, once it has. */
  closedWith(): SessionEnd | undefined;
  /** The encoder sends `seconds` of show: one run, whole segments. */
  show(seconds: number): Promise<void>;
  /** What its encoding says about the stream, about once a second. */
  input(state: InputState): void;
  /** The socket ends. */
  end(reason: SessionEnd): void;
}

export interface Task {
  readonly broadcasts: Broadcasts;
  readonly recovery: Recovery;
  /** Open from the start, unless the task is a member of a fleet. */
  readonly door: Door;
  /** Silent until it is told to join. */
  readonly member: Member;
  connect(key?: string): Promise<Connection>;
  /** From now on this call to the tables waits; answers when one does. */
  hold(call: 'channel' | 'openSession'): { readonly reached: Promise<void>; readonly release: () => void };
  /** The task can't reach the tables while it is true. */
  setTablesAway(away: boolean): void;
  shutdown(): Promise<void>;
}

/** The fleet table, as a task sees it. */
export type Fleet = Pick<FleetTable, 'beat'>;

/** A fleet that hears nobody. */
const noFleet: Fleet = { beat: () => Promise.reject(new TableError('there is no fleet')) };

export interface Stage {
  readonly tables: Tables;
  readonly store: ObjectStore;
  readonly clock: { now(): number; advance(ms: number): void };
  /** Object storage refuses everything while it is true. */
  setStoreAway(away: boolean): void;
  /** With a fleet its door opens when the fleet has heard it. */
  task(taskId: string, graceMs?: number, fleet?: Fleet): Task;
  /** Another channel; answers its stream key. */
  newChannel(): Promise<string>;
  playlist(broadcastId: string): Promise<string>;
  close(): Promise<void>;
}

export async function setStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'tidecast-stage-'));
  const local = await startTables({});
  const where = { TABLE_PREFIX: 'tidecast', AWS_REGION: 'us-east-1' };
  const tables = openTables({ ...where, DYNAMODB_ENDPOINT: local.endpoint });
  // What the tasks themselves ask for is heard: their role has to allow it.
  const watched = await watchTables('ingest', local.endpoint);
  const own = openTables({ ...where, DYNAMODB_ENDPOINT: watched.endpoint });
  let offsetMs = 0;
  const clock = { now: () => Date.now() + offsetMs, advance: (ms: number) => void (offsetMs += ms) };
  let storeAway = false;
  const store = refusing(await openDirectoryStore({ root: join(folder, 'objects'), clock }), () => storeAway);
  const log = createLogger('test', 'silent');
  const createChannel = async (id: string): Promise<void> => {
    const channel: Channel = {
      channelId: id,
      ownerId: 'owner',
      name: 'Channel',
      title: 'Title',
      visibility: 'public',
      keyHash: hashSecret(secret),
      keyCreatedAt: clock.now(),
      createdAt: clock.now(),
    };
    await tables.channels.create(channel, 1_000);
  };
  await createChannel(channelId);
  let channels = 1;
  const tasks: Task[] = [];

  return {
    tables,
    store,
    clock,
    setStoreAway: (away) => {
      storeAway = away;
    },
    task: (taskId, graceMs = 60_000, fleet) => {
      const made = startTask({
        taskId,
        graceMs,
        fleet,
        tables: own,
        store: heardObjects('ingest', store),
        clock,
        log,
        spoolDir: join(folder, 'spool', taskId),
      });
      tasks.push(made);
      return made;
    },
    newChannel: async () => {
      channels += 1;
      const id = channelId.slice(0, -4) + String(channels).padStart(4, '0');
      await createChannel(id);
      return `${id}_${secret}`;
    },
    playlist: async (broadcastId) => {
      const found = await store.get(`archive/${broadcastId}/160p/index.m3u8`);
      return found === undefined ? '' : new TextDecoder().decode(found.bytes);
    },
    close: async () => {
      for (const task of tasks) await task.shutdown();
      own.close();
      tables.close();
      await watched.close();
      await local.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function startTask(
  options: Pick<BroadcastDependencies, 'clock' | 'graceMs' | 'log'> & {
    readonly taskId: string;
    readonly fleet: Fleet | undefined;
    readonly tables: Tables;
    readonly store: ObjectStore;
    readonly spoolDir: string;
  },
): Task {
  const { taskId, tables, store, spoolDir, clock, graceMs, log } = options;
  const budget = createArchiveBudget({});
  const started: { readonly session: number; readonly listener: EncodingListener }[] = [];
  let tablesAway = false;
  const holds = new Map<PropertyKey, () => Promise<void>>();
  const door = new Door({
    limits: { points: 4000, cpu: { low: 0.5, high: 0.7, ceiling: 0.9 } },
    shows: () => broadcasts.shows(),
    measured: () => undefined,
  });
  const member = new Member({
    identity: { taskId, slot: `slot-${taskId}`, hostId: `host-${taskId}`, digest: 'sha256:1' },
    beat: (heartbeat) => (options.fleet ?? noFleet).beat(heartbeat),
    // Only what changes makes it speak.
    everyMs: 3_600_000,
    door,
    cpu: () => 0.25,
    unstoredBytes: () => budget.spool.used + budget.memory.used,
    relay: () => undefined,
    passing: () => 0,
    onNotices: () => broadcasts.reportAll(),
    clock,
    log,
  });
  const archiving = {
    store,
    spoolDir,
    budget,
    clock,
    random: () => 0.5,
    log,
    limits: { openPatienceMs: 300 },
  };
  const deps: BroadcastDependencies = {
    records: unreachable(
      recordsOf({ tables, taskId, slot: `slot-${taskId}`, clock, graceMs, random: () => 0 }),
      () => tablesAway,
      holds,
    ),
    openArchive: (opened) => openArchive({ ...archiving, ...opened }),
    pruneSpool: (broadcastId, plan) => pruneSpool({ ...archiving, broadcastId, plan }),
    startEncoding: ({ session, listener }) => {
      started.push({ session, listener });
      return {
        message: () => {},
        end: () => Promise.resolve(),
        kill: () => {},
        pid: undefined,
        stats: { ffmpegRestarts: 0, frames: 0, bytes: 0, cpuSeconds: 0 },
      };
    },
    clock,
    log,
    graceMs,
    planFor: planFor(defaultRungs.filter((rung) => rung.name === '160p')),
    door,
    notices: () => member.notices,
    onShowsChanged: () => member.changed(),
    onPartLate: () => {},
    onFfmpegRestarts: () => {},
  };
  const broadcasts = new Broadcasts(deps, `slot-${taskId}`);
  const recovery = new Recovery(
    deps,
    broadcasts,
    () => spooledBroadcasts(spoolDir),
    () => door.isOpen,
  );
  if (options.fleet === undefined) {
    door.open();
    door.confirm(door.epoch);
  }

  const connect = async (key = `${channelId}_${secret}`): Promise<Connection> => {
    let sink: PublishSink | undefined;
    let closed: SessionEnd | undefined;
    const end = (reason: SessionEnd): void => {
      if (closed !== undefined) return;
      closed = reason;
      sink?.ended(reason);
    };
    const publisher: Publisher = {
      pause: () => {},
      resume: () => {},
      refuse: () => end('violation'),
      close: end,
      roundTripMs: undefined,
    };
    const decision = await broadcasts.authorise(
      { app: 'live', publishingName: key, remoteAddress: '127.0.0.1', encoder: 'test' },
      publisher,
      new AbortController().signal,
    );
    if (decision.accepted) sink = decision.sink;
    const mine = started.at(-1);
    return {
      decision: decision.accepted ? 'accepted' : decision.code,
      refusal: decision.accepted ? undefined : decision,
      closedWith: () => closed,
      end,
      input: (state) => mine?.listener.input(state),
      show: async (seconds) => {
        if (mine === undefined) throw new Error('not accepted');
        await playRun(mine.listener, `${mine.session}-0`, seconds, clock.now());
      },
    };
  };
  return {
    broadcasts,
    recovery,
    door,
    member,
    connect,
    hold: (call) => {
      const reached = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      holds.set(call, () => {
        reached.resolve();
        return released.promise;
      });
      return {
        reached: reached.promise,
        release: () => {
          holds.delete(call);
          released.resolve();
        },
      };
    },
    setTablesAway: (away) => {
      tablesAway = away;
    },
    shutdown: async () => {
      await Promise.all([broadcasts.shutdown(), recovery.stop()]);
      await member.stop();
    },
  };
}

/** The store, refusing as one that is away does. */
function refusing(store: ObjectStore, isAway: () => boolean): ObjectStore {
  const check = (): void => {
    if (isAway()) throw new ObjectStoreError('the store is away', { retryable: true });
  };
  return {
    put: async (...args) => {
      check();
      await store.put(...args);
    },
    get: async (...args) => {
      check();
      return store.get(...args);
    },
    list: (...args) => {
      check();
      return store.list(...args);
    },
    delete: async (...args) => {
      check();
      await store.delete(...args);
    },
  };
}

/** The tables behind a broken network. */
function unreachable(
  records: BroadcastRecords,
  isAway: () => boolean,
  holds: ReadonlyMap<PropertyKey, () => Promise<void>>,
): BroadcastRecords {
  return new Proxy(records, {
    get: (target, name, receiver) => {
      if (isAway()) throw new TableError('the tables are away');
      const call = Reflect.get(target, name, receiver) as (...args: unknown[]) => Promise<unknown>;
      const wait = holds.get(name);
      return wait === undefined ? call : (...args: unknown[]) => wait().then(() => call(...args));
    },
  });
}

/** One run of a show as ffmpeg would send it; the bytes are not video, nobody here decodes them. */
async function playRun(
  listener: EncodingListener,
  id: string,
  seconds: number,
  startedAtMs: number,
): Promise<void> {
  const { ladder, timing } = await listener.plan(source);
  const run = { id, startedAtMs };
  listener.runStarted(run);
  for (const rendition of ladder) {
    listener.init(run, rendition, new TextEncoder().encode(`init ${id}`));
    for (let part = 0; part < seconds / timing.partDurationS; part++) {
      listener.fragment(run, rendition, {
        bytes: new TextEncoder().encode(`${id} ${part}`),
        startS: part * timing.partDurationS,
        durationS: timing.partDurationS,
        independent: part % timing.partsPerSegment === 0,
      });
    }
  }
  listener.runEnded(run);
}
