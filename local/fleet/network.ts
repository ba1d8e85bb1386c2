import { FleetCallError } from '../../core/fleet/ports.ts';
import type { AddressFact, RecordFacts } from '../../core/fleet/snapshot.ts';

/**
 * Public addresses and DNS of the local fleet, as plain state: nothing here listens. Addresses are those that
 * RFC 5737 sets aside for documentation, so that nobody takes one for a machine of theirs; the forwarder
 * stands for the network that leads from one to its host.
 */
export interface Network {
  readonly addresses: readonly AddressFact[];
  readonly records: RecordFacts;
  readonly frontTtlS: number;
  allocate(slot: string): void;
  release(addressId: string): void;
  associate(addressId: string, hostId: string): void;
  /** A terminated host gives its address back. */
  hostGone(hostId: string): void;
  setFront(ips: readonly string[], ttlS: number): void;
  setSlotRecord(slot: string, ip: string): void;
  removeSlotRecord(slot: string, ip: string): void;
}

/** 203.0.113.0/24 holds so many. */
const maxAddresses = 254;

export function createNetwork(options: { readonly addressQuota: number }): Network {
  const addresses = new Map<string, AddressFact>();
  const slotRecords = new Map<string, string>();
  let front: readonly string[] = [];
  let frontTtlS = 0;
  let allocated = 0;

  /** Round and round, so that an address that was just given back is the last to be given out again. */
  const freeIp = (): string | undefined => {
    const taken = new Set([...addresses.values()].map((address) => address.ip));
    for (let step = 0; step < maxAddresses; step += 1) {
      const ip = `203.0.113.${((allocated + step) % maxAddresses) + 1}`;
      if (!taken.has(ip)) return ip;
    }
    return undefined;
  };

  return {
    get addresses() {
      return [...addresses.values()];
    },
    get records() {
      return { front, slots: Object.fromEntries(slotRecords) };
    },
    get frontTtlS() {
      return frontTtlS;
    },
    allocate: (slot) => {
      // A repeated call, or one whose answer was lost: the slot has its address.
      if ([...addresses.values()].some((address) => address.slot === slot)) return;
      const ip = freeIp();
      if (addresses.size >= options.addressQuota || ip === undefined)
        throw new FleetCallError(`the quota of ${options.addressQuota} addresses is used up`, {
          kind: 'limit',
          limit: 'address quota',
        });
      allocated += 1;
      const addressId = `eip-${allocated}`;
      addresses.set(addressId, { addressId, ip, slot });
    },
    release: (addressId) => {
      const address = addresses.get(addressId);
      if (address?.hostId !== undefined)
        throw new FleetCallError(`${address.ip} is associated with ${address.hostId}`, { kind: 'refused' });
      addresses.delete(addressId);
    },
    associate: (addressId, hostId) => {
      const address = addresses.get(addressId);
      if (address === undefined)
        throw new FleetCallError(`there is no address ${addressId}`, { kind: 'refused' });
      if (address.hostId === hostId) return;
      // AllowReassociation=false: an address is never taken away from a host.
      if (address.hostId !== undefined)
        throw new FleetCallError(`${address.ip} is associated with ${address.hostId}`, { kind: 'refused' });
      // A host has one public address: EC2 lets go of the one that it had before.
      for (const other of addresses.values()) if (other.hostId === hostId) dissociate(other);
      addresses.set(addressId, { ...address, hostId });
    },
    hostGone: (hostId) => {
      for (const address of addresses.values()) if (address.hostId === hostId) dissociate(address);
    },
    setFront: (ips, ttlS) => {
      front = ips.toSorted();
      frontTtlS = ttlS;
    },
    setSlotRecord: (slot, ip) => void slotRecords.set(slot, ip),
    // Route 53 deletes a record only when it is told the value that stands in it.
    removeSlotRecord: (slot, ip) => {
      if (slotRecords.get(slot) === ip) slotRecords.delete(slot);
    },
  };

  function dissociate({ addressId, ip, slot }: AddressFact): void {
    addresses.set(addressId, { addressId, ip, slot });
  }
}
