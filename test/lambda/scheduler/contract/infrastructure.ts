import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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

/** What every side of the infrastructure must do. Run by AWS's on emulators, the local fleet's, the simulator's. */
export function infrastructureContract(open: () => Promise<InfrastructureSide>): void {
  describe('infrastructure contract', () => {
    let side: InfrastructureSide;
    beforeEach(async () => {
      side = await open();
    });
    afterEach(() => side.close());

    const read = <Name extends InfrastructureSource>(source: Name): Promise<Facts[Name]> =>
      side.infrastructure.read(source, never);

    const act = (action: InfrastructureAction): Promise<void> => side.infrastructure.act(action, never);

    /** An answer that was lost, and the same call again. */
    const actTwice = async (action: InfrastructureAction): Promise<void> => {
      await act(action);
      await act(action);
    };

    const refusal = { name: 'FleetCallError', kind: 'refused' };

    const running = async (): Promise<readonly HostFact[]> =>
      (await read('hosts'))
        .filter((host) => host.state === 'running')
        .toSorted((a, b) => (a.hostId < b.hostId ? -1 : 1));

    const bootHosts = async (hosts: number): Promise<readonly HostFact[]> => {
      await act({ kind: 'set-desired', hosts });
      await side.settle();
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
      slot: side.slots[0],
      digest: side.digests[0],
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

    describe('the group and its hosts', () => {
      it('begins empty', async () => {
        expect(await read('group')).toEqual({ desired: 0, maxHosts: side.maxHosts });
        expect(await read('hosts')).toEqual([]);
        expect(await read('tasks')).toEqual([]);
        expect(await read('addresses')).toEqual([]);
        expect(await read('targets')).toEqual([]);
        expect(await read('records')).toEqual({ front: [], slots: {} });
      });

      it('boots as many hosts as are desired, ready for a task, each with an address of its own', async () => {
        const hosts = await bootHosts(2);
        expect(hosts).toHaveLength(2);
        expect(await read('group')).toMatchObject({ desired: 2 });
        expect(hosts.every((host) => host.ready && host.launchedAt > 0)).toBe(true);
        expect(new Set(hosts.map((host) => host.hostId)).size).toBe(2);
        expect(new Set(hosts.map((host) => host.privateIp ?? 'none')).size).toBe(2);
        expect(hosts.map((host) => host.privateIp)).not.toContain(undefined);
      });

      it('never lowers the desired count, and raises it once however often it is told', async () => {
        await actTwice({ kind: 'set-desired', hosts: 2 });
        await act({ kind: 'set-desired', hosts: 1 });
        await act({ kind: 'set-desired', hosts: 0 });
        await side.settle();
        expect(await read('group')).toMatchObject({ desired: 2 });
        expect(await running()).toHaveLength(2);
      });

      it('says that the maximum of the group is a limit', async () => {
        await expect(act({ kind: 'set-desired', hosts: side.maxHosts + 1 })).rejects.toMatchObject({
          name: 'FleetCallError',
          kind: 'limit',
          limit: 'host maximum',
        });
        expect(await read('group')).toMatchObject({ desired: 0 });
      });

      it('protects a host from scale-in', async () => {
        const { hostId } = await bootHost();
        await actTwice({ kind: 'protect-host', hostId });
        expect(await running()).toMatchObject([{ hostId, isProtected: true }]);
      });

      it('terminates the host that is named and no other, and counts it down once', async () => {
        const [first, second] = await bootHosts(2);
        if (first === undefined || second === undefined) throw new Error('two hosts did not boot');
        await actTwice({ kind: 'terminate-host', hostId: second.hostId });
        await side.settle();
        expect(await running()).toMatchObject([{ hostId: first.hostId }]);
        expect(await read('group')).toMatchObject({ desired: 1 });
        await act({ kind: 'terminate-host', hostId: second.hostId });
        expect(await read('group')).toMatchObject({ desired: 1 });
        const left = (await read('hosts')).filter((host) => host.hostId === second.hostId);
        expect(left.every((host) => host.state === 'gone' || host.state === 'terminating')).toBe(true);
      });

      it('terminates a protected host too, when it is named', async () => {
        const { hostId } = await bootHost();
        await act({ kind: 'protect-host', hostId });
        await act({ kind: 'terminate-host', hostId });
        await side.settle();
        expect(await running()).toEqual([]);
        expect(await read('group')).toMatchObject({ desired: 0 });
      });

      it('takes a host that it does not know for terminated', async () => {
        await bootHost();
        await act({ kind: 'terminate-host', hostId: 'i-0123456789abcdef0' });
        await side.settle();
        expect(await running()).toHaveLength(1);
        expect(await read('group')).toMatchObject({ desired: 1 });
      });

      it('refuses to protect a host that it does not know', async () => {
        await expect(act({ kind: 'protect-host', hostId: 'i-0123456789abcdef0' })).rejects.toMatchObject(
          refusal,
        );
      });
    });

    describe('addresses', () => {
      it('gives a slot one address, however often it is asked', async () => {
        await actTwice({ kind: 'allocate-address', slot: side.slots[0] });
        await act({ kind: 'allocate-address', slot: side.slots[1] });
        const [a, b] = [await addressOf(side.slots[0]), await addressOf(side.slots[1])];
        expect(a.hostId).toBeUndefined();
        expect(a.ip).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
        expect(b.ip).not.toBe(a.ip);
        expect(b.addressId).not.toBe(a.addressId);
      });

      it('associates an address with a host, twice as well as once', async () => {
        const { hostId } = await bootHost();
        await act({ kind: 'allocate-address', slot: side.slots[0] });
        const { addressId } = await addressOf(side.slots[0]);
        await actTwice({ kind: 'associate-address', addressId, hostId, slot: side.slots[0] });
        expect(await addressOf(side.slots[0])).toMatchObject({ addressId, hostId });
      });

      it('never takes an address from another host', async () => {
        const [first, second] = await bootHosts(2);
        if (first === undefined || second === undefined) throw new Error('two hosts did not boot');
        await act({ kind: 'allocate-address', slot: side.slots[0] });
        const { addressId } = await addressOf(side.slots[0]);
        await act({ kind: 'associate-address', addressId, hostId: first.hostId, slot: side.slots[0] });
        await expect(
          act({ kind: 'associate-address', addressId, hostId: second.hostId, slot: side.slots[0] }),
        ).rejects.toMatchObject(refusal);
        expect(await addressOf(side.slots[0])).toMatchObject({ hostId: first.hostId });
      });

      it('refuses an address that is not there, and a host that is not there', async () => {
        const { hostId } = await bootHost();
        await act({ kind: 'allocate-address', slot: side.slots[0] });
        const { addressId } = await addressOf(side.slots[0]);
        const slot = side.slots[0];
        await expect(
          act({ kind: 'associate-address', addressId: 'eipalloc-0123456789abcdef0', hostId, slot }),
        ).rejects.toMatchObject(refusal);
        await expect(
          act({ kind: 'associate-address', addressId, hostId: 'i-0123456789abcdef0', slot }),
        ).rejects.toMatchObject(refusal);
        expect((await addressOf(slot)).hostId).toBeUndefined();
      });

      it('releases an address, twice as well as once', async () => {
        const [slot] = side.slots;
        await act({ kind: 'allocate-address', slot });
        const { addressId, ip } = await addressOf(slot);
        await actTwice({ kind: 'release-address', addressId, ip, slot });
        expect(await read('addresses')).toEqual([]);
      });

      it('refuses to release an address that a host has', async () => {
        const { hostId } = await bootHost();
        const [slot] = side.slots;
        await act({ kind: 'allocate-address', slot });
        const { addressId, ip } = await addressOf(slot);
        await act({ kind: 'associate-address', addressId, hostId, slot });
        await expect(act({ kind: 'release-address', addressId, ip, slot })).rejects.toMatchObject(refusal);
        expect(await addressOf(slot)).toMatchObject({ hostId });
      });

      it('frees the address of a host that is terminated', async () => {
        const { hostId } = await bootHost();
        const [slot] = side.slots;
        await act({ kind: 'allocate-address', slot });
        const { addressId } = await addressOf(slot);
        await act({ kind: 'associate-address', addressId, hostId, slot });
        await act({ kind: 'terminate-host', hostId });
        await side.settle();
        expect((await addressOf(slot)).hostId).toBeUndefined();
      });
    });

    describe('tasks', () => {
      it('starts a task on the host that is named', async () => {
        const [first, second] = await bootHosts(2);
        if (first === undefined || second === undefined) throw new Error('two hosts did not boot');
        await act(startOn(second.hostId, 'token-1'));
        expect(await theTask()).toMatchObject({ hostId: second.hostId });
        await side.settle();
        const task = await theTask();
        expect(task).toMatchObject({
          hostId: second.hostId,
          slot: side.slots[0],
          digest: side.digests[0],
          status: 'running',
        });
        expect(task.startedAt).toBeGreaterThan(0);
      });

      it('makes one task of one token', async () => {
        const { hostId } = await bootHost();
        await actTwice(startOn(hostId, 'token-1'));
        await side.settle();
        const before = await theTask();
        await act(startOn(hostId, 'token-1'));
        await side.settle();
        expect(await theTask()).toMatchObject({ taskId: before.taskId, status: 'running' });
      });

      it('runs the image that it is told to, not the one that is released', async () => {
        const { hostId } = await bootHost();
        await act({ ...startOn(hostId, 'token-1'), digest: side.digests[1] } as InfrastructureAction);
        await side.settle();
        expect(await theTask()).toMatchObject({ digest: side.digests[1], status: 'running' });
      });

      it('refuses to start one on a host that is not there', async () => {
        await expect(act(startOn('i-0123456789abcdef0', 'token-1'))).rejects.toMatchObject(refusal);
        expect(await read('tasks')).toEqual([]);
      });

      it('stops the task that is named and no other, twice as well as once', async () => {
        const [first, second] = await bootHosts(2);
        if (first === undefined || second === undefined) throw new Error('two hosts did not boot');
        await act(startOn(first.hostId, 'token-1'));
        await act({ ...startOn(second.hostId, 'token-2'), slot: side.slots[1] } as InfrastructureAction);
        await side.settle();
        const [one, other] = await read('tasks');
        if (one === undefined || other === undefined) throw new Error('two tasks did not start');
        await actTwice(stopOf(one.taskId));
        const going = (await read('tasks')).find((task) => task.taskId === one.taskId);
        expect(['stopping', 'stopped', undefined]).toContain(going?.status);
        await side.settle();
        expect(await hasStopped(one.taskId)).toBe(true);
        expect((await read('tasks')).filter((task) => task.status === 'running')).toEqual([other]);
        await act(stopOf(one.taskId));
        expect(await hasStopped(one.taskId)).toBe(true);
      });

      it('says when and why a task ended, as long as it lists it', async () => {
        const { hostId } = await bootHost();
        await act(startOn(hostId, 'token-1'));
        await side.settle();
        const { taskId, startedAt } = await theTask();
        await act(stopOf(taskId));
        await side.settle();
        for (const task of await read('tasks')) {
          expect(task).toMatchObject({ taskId, status: 'stopped' });
          expect(task.stoppedReason).toContain('tidecast: a test');
          expect(task.stoppedAt).toBeGreaterThanOrEqual(startedAt);
        }
      });

      it('takes a task that it does not know for stopped', async () => {
        await act(stopOf('0123456789abcdef0123456789abcdef'));
        expect(await read('tasks')).toEqual([]);
      });

      it('runs another task on a host whose task has stopped', async () => {
        const { hostId } = await bootHost();
        await act(startOn(hostId, 'token-1'));
        await side.settle();
        const before = await theTask();
        await act(stopOf(before.taskId));
        await side.settle();
        await act(startOn(hostId, 'token-2'));
        await side.settle();
        const running = (await read('tasks')).filter((task) => task.status === 'running');
        expect(running).toMatchObject([{ hostId }]);
        expect(running[0]?.taskId).not.toBe(before.taskId);
      });

      it('ends the task of a host that is terminated', async () => {
        const { hostId } = await bootHost();
        await act(startOn(hostId, 'token-1'));
        await side.settle();
        const { taskId } = await theTask();
        await act({ kind: 'terminate-host', hostId });
        await side.settle();
        expect(await hasStopped(taskId)).toBe(true);
      });
    });

    describe('targets', () => {
      const targetOf = (host: HostFact): { readonly slot: string; readonly targetId: string } => ({
        slot: side.slots[0],
        targetId: host.privateIp ?? '',
      });
      /** Those that get, or will get, requests. */
      const inUse = async (): Promise<readonly object[]> =>
        (await read('targets')).flatMap(({ slot, targetId, health }) =>
          health === 'draining' ? [] : [{ slot, targetId }],
        );

      it('registers a target once, however often it is told', async () => {
        const target = targetOf(await bootHost());
        await actTwice({ kind: 'register-target', ...target });
        expect(await inUse()).toEqual([target]);
      });

      it('deregisters it, twice as well as once, and takes it in again', async () => {
        const target = targetOf(await bootHost());
        await act({ kind: 'register-target', ...target });
        await actTwice({ kind: 'deregister-target', ...target });
        expect(await inUse()).toEqual([]);
        await side.settle();
        expect(await read('targets')).toEqual([]);
        await act({ kind: 'deregister-target', ...target });
        await act({ kind: 'register-target', ...target });
        expect(await inUse()).toEqual([target]);
      });

      it('keeps the slots apart', async () => {
        const target = targetOf(await bootHost());
        await act({ kind: 'register-target', ...target });
        await act({ kind: 'deregister-target', ...target, slot: side.slots[1] });
        expect(await inUse()).toEqual([target]);
      });

      it('refuses a slot without a target group', async () => {
        const target = targetOf(await bootHost());
        await expect(act({ kind: 'register-target', ...target, slot: 'in-none' })).rejects.toMatchObject(
          refusal,
        );
      });
    });

    describe('records', () => {
      const setFront = (...ips: readonly string[]): InfrastructureAction => ({
        kind: 'set-front',
        ips,
        ttlS: 20,
      });

      it('sets the whole front set at once', async () => {
        await actTwice(setFront('192.0.2.10', '192.0.2.9'));
        expect([...(await read('records')).front].sort()).toEqual(['192.0.2.10', '192.0.2.9']);
        await act(setFront('192.0.2.11'));
        expect((await read('records')).front).toEqual(['192.0.2.11']);
      });

      it('says the same front set in the same order, whatever order it was told in', async () => {
        await act(setFront('192.0.2.3', '192.0.2.1', '192.0.2.2'));
        const { front } = await read('records');
        await act(setFront('192.0.2.2', '192.0.2.3', '192.0.2.1'));
        expect((await read('records')).front).toEqual(front);
      });

      it('names a slot, and gives the name another address', async () => {
        const [slot, other] = side.slots;
        await actTwice({ kind: 'set-slot-record', slot, ip: '192.0.2.1' });
        await act({ kind: 'set-slot-record', slot: other, ip: '192.0.2.2' });
        expect(await read('records')).toEqual({
          front: [],
          slots: { [slot]: '192.0.2.1', [other]: '192.0.2.2' },
        });
        await act({ kind: 'set-slot-record', slot, ip: '192.0.2.3' });
        expect((await read('records')).slots).toEqual({ [slot]: '192.0.2.3', [other]: '192.0.2.2' });
      });

      it('removes the name of a slot, twice as well as once', async () => {
        const [slot, other] = side.slots;
        await act({ kind: 'set-slot-record', slot, ip: '192.0.2.1' });
        await act({ kind: 'set-slot-record', slot: other, ip: '192.0.2.2' });
        await actTwice({ kind: 'remove-slot-record', slot, ip: '192.0.2.1' });
        expect((await read('records')).slots).toEqual({ [other]: '192.0.2.2' });
      });

      it('leaves a name alone that has another address by now', async () => {
        const [slot] = side.slots;
        await act({ kind: 'set-slot-record', slot, ip: '192.0.2.1' });
        await act({ kind: 'remove-slot-record', slot, ip: '192.0.2.7' });
        expect((await read('records')).slots).toEqual({ [slot]: '192.0.2.1' });
      });
    });

    describe('the release', () => {
      it('is the image behind the tag', async () => {
        const before = await read('release');
        expect(before.digest).toBe(side.digests[0]);
        expect(before.pushedAt).toBeGreaterThan(0);
        await side.release(side.digests[1]);
        expect((await read('release')).digest).toBe(side.digests[1]);
      });
    });
  });
}
