import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { InfrastructureAction } from '../../../core/fleet/decision.ts';
import type { Heartbeat } from '../../../core/fleet/heartbeat.ts';
import { taskLauncher } from '../../../local/fleet/launch.ts';
import { localPolicy } from '../../../local/fleet/policy.ts';
import { startTables, type LocalTables } from '../../../local/tables.ts';
import { openTables, type Tables } from '../../../runtime/store/tables/open.ts';
import { until } from '../../support/platform.ts';
import { isRunning } from '../../support/processes.ts';
import { openLocalSide, type LocalSide } from './side.ts';

/** The tasks of the local fleet as they really are: ingest processes on hosts' addresses. */
describe('a real ingest process', () => {
  let folder: string;
  let local: LocalTables;
  let tables: Tables;
  let side: LocalSide;
  let nextHost = 0;
  const said: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tidecast-processes-'));
    local = await startTables({});
    tables = openTables({
      TABLE_PREFIX: 'tidecast',
      DYNAMODB_ENDPOINT: local.endpoint,
      AWS_REGION: 'us-east-1',
    });
  });
  afterAll(async () => {
    tables.close();
    await local.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    said.length = 0;
    const launch = taskLauncher({
      policy: localPolicy({ minHosts: 1, maxHosts: 3, graceMs: 5_000 }),
      environment: {
        TABLE_PREFIX: 'tidecast',
        DYNAMODB_ENDPOINT: local.endpoint,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        OBJECT_STORE: `file://${folder}`,
        LADDER: '160p',
      },
      frontUrl: 'rtmp://127.0.0.1:1935/live',
      hostCores: 4,
      logs: folder,
      say: (text) => said.push(text),
    });
    side = openLocalSide({ launch });
  });
  afterEach(() => side.close());

  const act = (action: InfrastructureAction): Promise<void> =>
    side.infrastructure.act(action, new AbortController().signal);
  const settle = (): Promise<true> =>
    until('tasks stand still', () =>
      Promise.resolve(
        side.tasks.facts.every(({ status }) => status === 'running' || status === 'stopped')
          ? true
          : undefined,
      ),
    );
  const start = async (digest = side.digests[0]): Promise<string> => {
    await act({ kind: 'set-desired', hosts: side.hosts.group.desired + 1 });
    await side.settle();
    const hostId = side.hosts.facts.findLast(({ state }) => state === 'running')?.hostId ?? '';
    await act({ kind: 'start-task', hostId, slot: 'in-01', digest, token: `token-${(nextHost += 1)}` });
    await settle();
    return hostId;
  };
  const heartbeatOf = (taskId: string): Promise<Heartbeat | undefined> => tables.fleet.heartbeat(taskId);
  const theTask = (): LocalSide['tasks']['running'][number] => {
    const [task] = side.tasks.running;
    if (task === undefined) throw new Error(`no task runs: ${JSON.stringify(side.tasks.facts)}`);
    return task;
  };

  it('serves on the address of its host and says in its heartbeat where and what it is', async () => {
    const hostId = await start();
    const task = theTask();
    expect(task.bind).toBe(side.hosts.facts[0]?.privateIp);
    const health = await fetch(`http://${task.bind}:${task.ports['http']}/healthz`);
    expect(health.status).toBe(200);
    const beat = await until('it serves', async () => {
      const now = await heartbeatOf(task.taskId);
      return now?.accepting === true ? now : undefined;
    });
    expect(beat).toMatchObject({
      taskId: task.taskId,
      hostId,
      slot: 'in-01',
      digest: side.digests[0],
      phase: 'serving',
      shows: [],
      roomPoints: 2_000,
    });
  });

  it('ends when it is stopped empty, and says nothing of a crash', async () => {
    await start();
    const { taskId, pid } = theTask();
    await act({ kind: 'stop-task', taskId, reason: 'tidecast: drained', forced: false });
    await settle();
    expect(isRunning(pid)).toBe(false);
    expect(side.tasks.facts).toMatchObject([{ status: 'stopped', stoppedReason: 'tidecast: drained' }]);
    expect(said).toEqual([]);
  });

  it('is gone with its host when the plug is pulled', async () => {
    const hostId = await start();
    const { pid } = theTask();
    await side.hosts.kill(hostId);
    expect(isRunning(pid)).toBe(false);
    expect(side.tasks.facts).toMatchObject([{ status: 'stopped' }]);
  });

  it('that crashes has stopped, and is not started again by anybody here', async () => {
    await start();
    process.kill(theTask().pid, 'SIGKILL');
    await settle();
    await until('its end is noticed', () =>
      Promise.resolve(side.tasks.facts[0]?.status === 'stopped' ? true : undefined),
    );
    expect(side.tasks.facts[0]?.stoppedReason).toContain('SIGKILL');
    expect(said).toHaveLength(1);
  });

  it('of a broken image runs, but never says that it serves', async () => {
    const { digest } = side.images.push({ broken: true });
    await start(digest);
    const { taskId, pid, ports } = theTask();
    expect(ports).toEqual({});
    expect(isRunning(pid)).toBe(true);
    expect(side.targets.origin('in-01')).toBeUndefined();
    expect(await heartbeatOf(taskId)).toBeUndefined();
    await act({ kind: 'stop-task', taskId, reason: 'tidecast: never served', forced: false });
    await settle();
    expect(isRunning(pid)).toBe(false);
  });

  it('that is ended while it starts leaves no process behind', async () => {
    await act({ kind: 'set-desired', hosts: 1 });
    await side.settle();
    const hostId = side.hosts.facts[0]?.hostId ?? '';
    await act({
      kind: 'start-task',
      hostId,
      slot: 'in-01',
      digest: side.digests[0],
      token: `token-${(nextHost += 1)}`,
    });
    expect(side.tasks.facts).toMatchObject([{ status: 'pending' }]);
    await side.hosts.kill(hostId);
    expect(side.tasks.facts).toMatchObject([{ status: 'stopped' }]);
    expect(side.tasks.running).toEqual([]);
  });
});
