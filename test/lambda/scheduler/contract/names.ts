import { describe, expect, it } from 'vitest';
import type { InfrastructureAction } from '../../../../core/fleet/decision.ts';
import type { HostFact } from '../../../../core/fleet/snapshot.ts';
import { refusal, type Scene } from './scene.ts';

/** Targets and records: how others find a host. */
export function namesContract(scene: Scene): void {
  const { side, read, act, actTwice, bootHost } = scene;

  describe('targets', () => {
    const targetOf = (host: HostFact): { readonly slot: string; readonly targetId: string } => ({
      slot: side().slots[0],
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
      await side().settle();
      expect(await read('targets')).toEqual([]);
      await act({ kind: 'deregister-target', ...target });
      await act({ kind: 'register-target', ...target });
      expect(await inUse()).toEqual([target]);
    });

    it('keeps the slots apart', async () => {
      const target = targetOf(await bootHost());
      await act({ kind: 'register-target', ...target });
      await act({ kind: 'deregister-target', ...target, slot: side().slots[1] });
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
      const [slot, other] = side().slots;
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
      const [slot, other] = side().slots;
      await act({ kind: 'set-slot-record', slot, ip: '192.0.2.1' });
      await act({ kind: 'set-slot-record', slot: other, ip: '192.0.2.2' });
      await actTwice({ kind: 'remove-slot-record', slot, ip: '192.0.2.1' });
      expect((await read('records')).slots).toEqual({ [other]: '192.0.2.2' });
    });

    it('leaves a name alone that has another address by now', async () => {
      const [slot] = side().slots;
      await act({ kind: 'set-slot-record', slot, ip: '192.0.2.1' });
      await act({ kind: 'remove-slot-record', slot, ip: '192.0.2.7' });
      expect((await read('records')).slots).toEqual({ [slot]: '192.0.2.1' });
    });
  });
}
