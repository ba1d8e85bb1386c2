import { afterEach, beforeEach, expect } from 'vitest';
import type { InfrastructureAction } from '../../../../core/fleet/decision.ts';
import type { Infrastructure, InfrastructureSource } from '../../../../core/fleet/ports.ts';
import type { Facts, HostFact } from '../../../../core/fleet/snapshot.ts';

/** An empty fleet, and what the tests need of its world. Opened anew for every test. */
export interface InfrastructureSide {
  readonly infrastructure: Infrastructure;
  /** Slots that have a target group. */
  readonly slots: readonly [string, string];
  /** Images whose tasks run; the first one is released. */
  readonly digests: readonly [string, string];
  /** The group's own maximum; at least 2. */
  readonly maxHosts: number;
  /** Lets the world move on until it stands still: hosts have booted or ended, tasks run or have stopped. */
  settle(): Promise<void>;
  /** Moves the release tag to another image. */
  release(digest: string): Promise<void>;
  close(): Promise<void>;
}

const never = new AbortController().signal;

/** What a refusal looks like on every side. */
export const refusal = { name: 'FleetCallError', kind: 'refused' };

export type Scene = ReturnType<typeof openScene>;

/** Opens a side for each test of the surrounding `describe`, and knows what tests do with it. */
export function openScene(open: () => Promise<InfrastructureSide>) {
  let opened: InfrastructureSide | undefined;
  beforeEach(async () => {
    opened = await open();
  });
  afterEach(() => opened?.close());

  const side = (): InfrastructureSide => {
    if (opened === undefined) throw new Error('no test runs');
    return opened;
  };

  const read = <Name extends InfrastructureSource>(source: Name): Promise<Facts[Name]> =>
    side().infrastructure.read(source, never);

  const act = (action: InfrastructureAction): Promise<void> => side().infrastructure.act(action, never);

  /** An answer that was lost, and the same call again. */
  const actTwice = async (action: InfrastructureAction): Promise<void> => {
    await act(action);
    await act(action);
  };

  const running = async (): Promise<readonly HostFact[]> =>
    (await read('hosts'))
      .filter((host) => host.state === 'running')
      .toSorted((a, b) => (a.hostId < b.hostId ? -1 : 1));

  const bootHosts = async (hosts: number): Promise<readonly HostFact[]> => {
    await act({ kind: 'set-desired', hosts });
    await side().settle();
    return running();
  };

  const bootHost = async (): Promise<HostFact> => {
    const [host] = await bootHosts(1);
    if (host === undefined) throw new Error('the host did not boot');
    return host;
  };

  const addressOf = async (slot: string): Promise<Facts['addresses'][number]> => {
    const found = (await read('addresses')).filter((address) => address.slot === slot);
    expect(found).toHaveLength(1);
    return found[0] as (typeof found)[0];
  };

  const startOn = (hostId: string, token: string): InfrastructureAction => ({
    kind: 'start-task',
    hostId,
    slot: side().slots[0],
    digest: side().digests[0],
    token,
  });

  const theTask = async (): Promise<Facts['tasks'][number]> => {
    const tasks = await read('tasks');
    expect(tasks).toHaveLength(1);
    return tasks[0] as (typeof tasks)[0];
  };

  const stopOf = (taskId: string): InfrastructureAction => ({
    kind: 'stop-task',
    taskId,
    reason: 'tidecast: a test',
    forced: false,
  });

  const hasStopped = async (taskId: string): Promise<boolean> =>
    (await read('tasks')).every((task) => task.taskId !== taskId || task.status === 'stopped');

  return {
    side,
    read,
    act,
    actTwice,
    running,
    bootHosts,
    bootHost,
    addressOf,
    startOn,
    theTask,
    stopOf,
    hasStopped,
  };
}
