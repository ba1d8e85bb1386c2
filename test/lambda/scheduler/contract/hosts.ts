import { describe, expect, it } from 'vitest';
import { refusal, type Scene } from './scene.ts';

/** The group, its hosts, and the addresses that they get. */
export function hostsContract(scene: Scene): void {
  const { side, read, act, actTwice, running, bootHosts, bootHost, addressOf } = scene;

  describe('the group and its hosts', () => {
    it('begins empty', async () => {
      expect(await read('group')).toEqual({ desired: 0, maxHosts: side().maxHosts });
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
      await side().settle();
      expect(await read('group')).toMatchObject({ desired: 2 });
      expect(await running()).toHaveLength(2);
    });

    it('says that the maximum of the group is a limit', async () => {
      await expect(act({ kind: 'set-desired', hosts: side().maxHosts + 1 })).rejects.toMatchObject({
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
      await side().settle();
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
      await side().settle();
      expect(await running()).toEqual([]);
      expect(await read('group')).toMatchObject({ desired: 0 });
    });

    it('takes a host that it does not know for terminated', async () => {
      await bootHost();
      await act({ kind: 'terminate-host', hostId: 'i-0123456789abcdef0' });
      await side().settle();
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
      await actTwice({ kind: 'allocate-address', slot: side().slots[0] });
      await act({ kind: 'allocate-address', slot: side().slots[1] });
      const [a, b] = [await addressOf(side().slots[0]), await addressOf(side().slots[1])];
      expect(a.hostId).toBeUndefined();
      expect(a.ip).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      expect(b.ip).not.toBe(a.ip);
      expect(b.addressId).not.toBe(a.addressId);
    });

    it('associates an address with a host, twice as well as once', async () => {
      const { hostId } = await bootHost();
      await act({ kind: 'allocate-address', slot: side().slots[0] });
      const { addressId } = await addressOf(side().slots[0]);
      await actTwice({ kind: 'associate-address', addressId, hostId, slot: side().slots[0] });
      expect(await addressOf(side().slots[0])).toMatchObject({ addressId, hostId });
    });

    it('never takes an address from another host', async () => {
      const [first, second] = await bootHosts(2);
      if (first === undefined || second === undefined) throw new Error('two hosts did not boot');
      await act({ kind: 'allocate-address', slot: side().slots[0] });
      const { addressId } = await addressOf(side().slots[0]);
      await act({ kind: 'associate-address', addressId, hostId: first.hostId, slot: side().slots[0] });
      await expect(
        act({ kind: 'associate-address', addressId, hostId: second.hostId, slot: side().slots[0] }),
      ).rejects.toMatchObject(refusal);
      expect(await addressOf(side().slots[0])).toMatchObject({ hostId: first.hostId });
    });

    it('refuses an address that is not there, and a host that is not there', async () => {
      const { hostId } = await bootHost();
      await act({ kind: 'allocate-address', slot: side().slots[0] });
      const { addressId } = await addressOf(side().slots[0]);
      const slot = side().slots[0];
      await expect(
        act({ kind: 'associate-address', addressId: 'eipalloc-0123456789abcdef0', hostId, slot }),
      ).rejects.toMatchObject(refusal);
      await expect(
        act({ kind: 'associate-address', addressId, hostId: 'i-0123456789abcdef0', slot }),
      ).rejects.toMatchObject(refusal);
      expect((await addressOf(slot)).hostId).toBeUndefined();
    });

    it('releases an address, twice as well as once', async () => {
      const [slot] = side().slots;
      await act({ kind: 'allocate-address', slot });
      const { addressId, ip } = await addressOf(slot);
      await actTwice({ kind: 'release-address', addressId, ip, slot });
      expect(await read('addresses')).toEqual([]);
    });

    it('refuses to release an address that a host has', async () => {
      const { hostId } = await bootHost();
      const [slot] = side().slots;
      await act({ kind: 'allocate-address', slot });
      const { addressId, ip } = await addressOf(slot);
      await act({ kind: 'associate-address', addressId, hostId, slot });
      await expect(act({ kind: 'release-address', addressId, ip, slot })).rejects.toMatchObject(refusal);
      expect(await addressOf(slot)).toMatchObject({ hostId });
    });

    it('frees the address of a host that is terminated', async () => {
      const { hostId } = await bootHost();
      const [slot] = side().slots;
      await act({ kind: 'allocate-address', slot });
      const { addressId } = await addressOf(slot);
      await act({ kind: 'associate-address', addressId, hostId, slot });
      await act({ kind: 'terminate-host', hostId });
      await side().settle();
      expect((await addressOf(slot)).hostId).toBeUndefined();
    });
  });
}
