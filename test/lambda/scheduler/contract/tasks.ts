import { describe, expect, it } from 'vitest';
import type { InfrastructureAction } from '../../../../core/fleet/decision.ts';
import { refusal, type Scene } from './scene.ts';

/** Tasks, and the image that is released. */
export function tasksContract(scene: Scene): void {
  const { side, read, act, actTwice, bootHosts, bootHost, startOn, theTask, stopOf, hasStopped } = scene;

  describe('tasks', () => {
    it('starts a task on the host that is named', async () => {
      const [first, second] = await bootHosts(2);
      if (first === undefined || second === undefined) throw new Error('two hosts did not boot');
      await act(startOn(second.hostId, 'token-1'));
      expect(await theTask()).toMatchObject({ hostId: second.hostId });
      await side().settle();
      const task = await theTask();
      expect(task).toMatchObject({
        hostId: second.hostId,
        slot: side().slots[0],
        digest: side().digests[0],
        status: 'running',
      });
      expect(task.startedAt).toBeGreaterThan(0);
    });

    it('makes one task of one token', async () => {
      const { hostId } = await bootHost();
      await actTwice(startOn(hostId, 'token-1'));
      await side().settle();
      const before = await theTask();
      await act(startOn(hostId, 'token-1'));
      await side().settle();
      expect(await theTask()).toMatchObject({ taskId: before.taskId, status: 'running' });
    });

    it('runs the image that it is told to, not the one that is released', async () => {
      const { hostId } = await bootHost();
      await act({ ...startOn(hostId, 'token-1'), digest: side().digests[1] } as InfrastructureAction);
      await side().settle();
      expect(await theTask()).toMatchObject({ digest: side().digests[1], status: 'running' });
    });

    it('refuses to start one on a host that is not there', async () => {
      await expect(act(startOn('i-0123456789abcdef0', 'token-1'))).rejects.toMatchObject(refusal);
      expect(await read('tasks')).toEqual([]);
    });

    it('stops the task that is named and no other, twice as well as once', async () => {
      const [first, second] = await bootHosts(2);
      if (first === undefined || second === undefined) throw new Error('two hosts did not boot');
      await act(startOn(first.hostId, 'token-1'));
      await act({ ...startOn(second.hostId, 'token-2'), slot: side().slots[1] } as InfrastructureAction);
      await side().settle();
      const [one, other] = await read('tasks');
      if (one === undefined || other === undefined) throw new Error('two tasks did not start');
      await actTwice(stopOf(one.taskId));
      const going = (await read('tasks')).find((task) => task.taskId === one.taskId);
      expect(['stopping', 'stopped', undefined]).toContain(going?.status);
      await side().settle();
      expect(await hasStopped(one.taskId)).toBe(true);
      expect((await read('tasks')).filter((task) => task.status === 'running')).toEqual([other]);
      await act(stopOf(one.taskId));
      expect(await hasStopped(one.taskId)).toBe(true);
    });

    it('says when and why a task ended, as long as it lists it', async () => {
      const { hostId } = await bootHost();
      await act(startOn(hostId, 'token-1'));
      await side().settle();
      const { taskId, startedAt } = await theTask();
      await act(stopOf(taskId));
      await side().settle();
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
      await side().settle();
      const before = await theTask();
      await act(stopOf(before.taskId));
      await side().settle();
      await act(startOn(hostId, 'token-2'));
      await side().settle();
      const running = (await read('tasks')).filter((task) => task.status === 'running');
      expect(running).toMatchObject([{ hostId }]);
      expect(running[0]?.taskId).not.toBe(before.taskId);
    });

    it('ends the task of a host that is terminated', async () => {
      const { hostId } = await bootHost();
      await act(startOn(hostId, 'token-1'));
      await side().settle();
      const { taskId } = await theTask();
      await act({ kind: 'terminate-host', hostId });
      await side().settle();
      expect(await hasStopped(taskId)).toBe(true);
    });
  });

  describe('the release', () => {
    it('is the image behind the tag', async () => {
      const before = await read('release');
      expect(before.digest).toBe(side().digests[0]);
      expect(before.pushedAt).toBeGreaterThan(0);
      await side().release(side().digests[1]);
      expect((await read('release')).digest).toBe(side().digests[1]);
    });
  });
}
