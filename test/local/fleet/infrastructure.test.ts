import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InfrastructureAction } from '../../../core/fleet/decision.ts';
import { spoolOf } from '../../../local/fleet/spool.ts';
import type { TaskProcess } from '../../../local/fleet/tasks.ts';
import { infrastructureContract } from '../../lambda/scheduler/contract/infrastructure.ts';
import { until } from '../../support/platform.ts';
import { launchListener, openLocalSide, type LocalSide } from './side.ts';

describe('the local fleet', () => {
  infrastructureContract(() => Promise.resolve(openLocalSide({ launch: launchListener })));

  let side: LocalSide;
  beforeEach(() => {
    side = openLocalSide({ launch: launchListener, addressQuota: 1 });
  });
  afterEach(() => side.close());

  const act = (action: InfrastructureAction): Promise<void> =>
    side.infrastructure.act(action, new AbortController().signal);
  const boot = async (hosts: number): Promise<readonly string[]> => {
    await act({ kind: 'set-desired', hosts });
    await side.settle();
    return side.hosts.facts.filter(({ state }) => state === 'running').map(({ hostId }) => hostId);
  };
  const start = (hostId: string, token: string): Promise<void> =>
    act({ kind: 'start-task', hostId, slot: 'in-01', digest: side.digests[0], token });

  it('says that the quota of addresses is a limit', async () => {
    await act({ kind: 'allocate-address', slot: 'in-01' });
    await expect(act({ kind: 'allocate-address', slot: 'in-02' })).rejects.toMatchObject({
      kind: 'limit',
      limit: 'address quota',
    });
  });

  it('refuses a second task on a host, and an image that is not there', async () => {
    const [hostId = ''] = await boot(1);
    await expect(
      act({ kind: 'start-task', hostId, slot: 'in-01', digest: 'sha256:none', token: 'x' }),
    ).rejects.toMatchObject({ kind: 'refused' });
    await start(hostId, 'token-1');
    await expect(start(hostId, 'token-2')).rejects.toMatchObject({ kind: 'refused' });
  });

  it('leads a slot to the task of the host that is registered for it', async () => {
    const [hostId = ''] = await boot(1);
    const targetId = side.hosts.facts[0]?.privateIp ?? '';
    await act({ kind: 'register-target', slot: 'in-01', targetId });
    expect(side.targets.origin('in-01')).toBeUndefined();
    expect(side.targets.facts).toMatchObject([{ health: 'unhealthy' }]);
    await start(hostId, 'token-1');
    await side.settle();
    const [task] = side.tasks.running;
    expect(side.targets.origin('in-01')?.href).toBe(`http://${task?.bind}:${task?.ports['http']}/`);
    expect(side.targets.facts).toMatchObject([{ health: 'healthy' }]);
    expect(side.targets.origin('in-02')).toBeUndefined();
  });

  it('launches another host in the place of one that died, and gives nobody its number again', async () => {
    const before = await boot(2);
    await start(before[0] ?? '', 'token-1');
    await side.settle();
    await side.hosts.kill(before[0] ?? '');
    await side.settle();
    const after = side.hosts.facts.filter(({ state }) => state === 'running').map(({ hostId }) => hostId);
    expect(after).toHaveLength(2);
    expect(after).toContain(before[1]);
    expect(before).not.toContain(after.find((hostId) => hostId !== before[1]));
    expect(side.hosts.group.desired).toBe(2);
    expect(side.tasks.facts).toMatchObject([{ status: 'stopped' }]);
  });

  it('gives what a dead host had not stored to the next task', async () => {
    const [first = ''] = await boot(1);
    const spool = join(spoolOf(side.folder, first), 'show', '360p');
    mkdirSync(spool, { recursive: true });
    writeFileSync(join(spool, '1.m4s'), 'segment');
    await side.hosts.kill(first);
    await side.settle();
    expect(readFileSync(join(spool, '1.m4s'), 'utf8')).toBe('segment');
    const second = side.hosts.facts.find(({ state }) => state === 'running')?.hostId ?? '';
    await start(second, 'token-1');
    await side.settle();
    expect(readFileSync(join(spoolOf(side.folder, second), 'show', '360p', '1.m4s'), 'utf8')).toBe('segment');
    expect(existsSync(join(side.folder, first))).toBe(false);
    expect(side.said).toEqual([`${second} completes what 1 broadcast had not stored yet`]);
  });

  it('keeps the folder of a terminated host while something is in its spool', async () => {
    const [first = '', second = ''] = await boot(2);
    const spool = join(spoolOf(side.folder, first), 'show');
    mkdirSync(spool, { recursive: true });
    writeFileSync(join(spool, 'left'), '');
    await act({ kind: 'terminate-host', hostId: first });
    await act({ kind: 'terminate-host', hostId: second });
    await side.settle();
    expect(existsSync(join(spool, 'left'))).toBe(true);
    expect(existsSync(join(side.folder, second))).toBe(false);
  });

  it('lets a host go whose folder can not be removed', async () => {
    const [first = ''] = await boot(1);
    mkdirSync(join(side.folder, first), { recursive: true });
    writeFileSync(spoolOf(side.folder, first), 'no folder');
    await act({ kind: 'terminate-host', hostId: first });
    await side.settle();
    expect(side.hosts.facts).toMatchObject([{ hostId: first, state: 'gone' }]);
    expect(side.said.join()).toContain(`While ending ${first}`);
  });
});

describe('a task of the local fleet', () => {
  it('that could not be started has stopped, and says why', async () => {
    const side = openLocalSide({ launch: () => Promise.reject(new Error('no such program')) });
    await side.infrastructure.act({ kind: 'set-desired', hosts: 1 }, new AbortController().signal);
    await side.settle();
    const { hostId } = side.hosts.facts[0] ?? { hostId: '' };
    await side.infrastructure.act(
      { kind: 'start-task', hostId, slot: 'in-01', digest: side.digests[0], token: 'x' },
      new AbortController().signal,
    );
    await side.settle();
    expect(side.tasks.facts).toMatchObject([{ status: 'stopped', stoppedReason: 'no such program' }]);
    await side.close();
  });

  it('that ends by itself is not started again', async () => {
    let crash = (_description: string): void => {};
    let launches = 0;
    const gone = (): Promise<void> => Promise.resolve();
    const process: TaskProcess = { pid: 1, ports: {}, stop: gone, finish: gone, kill: gone };
    const side = openLocalSide({
      launch: (_start, { onCrash }) => {
        launches += 1;
        crash = onCrash;
        return Promise.resolve(process);
      },
    });
    const signal = new AbortController().signal;
    await side.infrastructure.act({ kind: 'set-desired', hosts: 1 }, signal);
    await side.settle();
    const { hostId } = side.hosts.facts[0] ?? { hostId: '' };
    const [digest] = side.digests;
    const start = { kind: 'start-task', hostId, slot: 'in-01', digest, token: 'x' } as const;
    await side.infrastructure.act(start, signal);
    await side.settle();
    crash('it ended by itself (SIGSEGV)');
    expect(side.tasks.facts).toMatchObject([
      { status: 'stopped', stoppedReason: 'it ended by itself (SIGSEGV)' },
    ]);
    await side.infrastructure.act(start, signal);
    expect(launches).toBe(1);
    await side.close();
  });

  it('that is stopped before it runs never runs', async () => {
    const events: string[] = [];
    const side = openLocalSide({
      launch: (_start, { signal }) =>
        new Promise((_resolve, reject) => {
          events.push('launched');
          signal.addEventListener('abort', () => {
            events.push('killed');
            reject(new Error('killed'));
          });
        }),
    });
    const signal = new AbortController().signal;
    await side.infrastructure.act({ kind: 'set-desired', hosts: 1 }, signal);
    await until('the host runs', () =>
      Promise.resolve(side.hosts.facts[0]?.state === 'running' ? true : undefined),
    );
    const { hostId } = side.hosts.facts[0] ?? { hostId: '' };
    const [digest] = side.digests;
    await side.infrastructure.act({ kind: 'start-task', hostId, slot: 'in-01', digest, token: 'x' }, signal);
    expect(side.tasks.facts).toMatchObject([{ status: 'pending' }]);
    await until('it is launched', () => Promise.resolve(events.length > 0 ? true : undefined));
    const [{ taskId } = { taskId: '' }] = side.tasks.facts;
    await side.infrastructure.act({ kind: 'stop-task', taskId, reason: 'over', forced: false }, signal);
    await side.settle();
    expect(events).toEqual(['launched', 'killed']);
    expect(side.tasks.facts).toMatchObject([{ status: 'stopped' }]);
    await side.close();
  });
});
