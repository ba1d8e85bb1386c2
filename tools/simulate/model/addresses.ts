import { FleetCallError } from '../../../core/fleet/ports.ts';
import type { AddressFact } from '../../../core/fleet/snapshot.ts';
import { Listing } from './listing.ts';
import type { Surroundings } from './parts.ts';

export interface Address {
  readonly addressId: string;
  readonly ip: string;
  readonly slot: string;
  hostId: string | undefined;
}

/** Elastic IPs of the account, with its quota. */
export class Addresses {
  readonly all = new Map<string, Address>();
  readonly #byIp = new Map<string, Address>();
  readonly #world: Surroundings;
  readonly #hasHost: (hostId: string) => boolean;
  readonly #listing: Listing<AddressFact>;
  #count = 0;

  constructor(world: Surroundings, hasHost: (hostId: string) => boolean) {
    this.#world = world;
    this.#hasHost = hasHost;
    this.#listing = new Listing(world);
  }

  read(): readonly AddressFact[] {
    return this.#listing.read();
  }

  hostOf(ip: string): string | undefined {
    return this.#byIp.get(ip)?.hostId;
  }

  /**
   * As the AWS side does it: asks first whether the slot has one (AllocateAddress knows no token), so that only
   * an address of the last seconds, not listed yet, can be doubled.
   */
  allocate(slot: string): void {
    if (this.#listing.read().some((fact) => fact.slot === slot && this.all.has(fact.addressId))) return;
    if (this.all.size >= this.#world.policy.addresses.quota) {
      throw new FleetCallError('AddressLimitExceeded', { kind: 'limit', limit: 'address quota' });
    }
    const n = ++this.#count;
    const address: Address = {
      addressId: `eipalloc-${String(n).padStart(5, '0')}`,
      ip: `198.${18 + ((n >> 16) & 1)}.${(n >> 8) & 255}.${n & 255}`,
      slot,
      hostId: undefined,
    };
    this.all.set(address.addressId, address);
    this.#byIp.set(address.ip, address);
    this.#publish(address);
  }

  release(addressId: string): void {
    const address = this.all.get(addressId);
    if (address === undefined) return;
    if (address.hostId !== undefined) {
      throw new FleetCallError(`InvalidIPAddress.InUse: ${addressId}`, { kind: 'refused' });
    }
    this.all.delete(addressId);
    this.#byIp.delete(address.ip);
    this.#publish(address);
  }

  /** AllowReassociation=false: neither the address nor the host may have another one. */
  associate(addressId: string, hostId: string): void {
    const address = this.all.get(addressId);
    if (address === undefined) {
      throw new FleetCallError(`InvalidAllocationID.NotFound: ${addressId}`, { kind: 'refused' });
    }
    if (address.hostId === hostId) return;
    if (!this.#hasHost(hostId)) throw new FleetCallError(`no instance ${hostId}`, { kind: 'refused' });
    const isTaken = address.hostId !== undefined || this.ofHost(hostId) !== undefined;
    if (isTaken) {
      throw new FleetCallError(`Resource.AlreadyAssociated: ${addressId}`, { kind: 'refused' });
    }
    address.hostId = hostId;
    this.#publish(address);
  }

  ofHost(hostId: string): Address | undefined {
    for (const address of this.all.values()) if (address.hostId === hostId) return address;
    return undefined;
  }

  hostGone(hostId: string): void {
    const address = this.ofHost(hostId);
    if (address === undefined) return;
    address.hostId = undefined;
    this.#publish(address);
  }

  #publish(address: Address): void {
    this.#listing.publish(address.addressId, () =>
      this.all.has(address.addressId)
        ? {
            addressId: address.addressId,
            ip: address.ip,
            slot: address.slot,
            ...(address.hostId === undefined ? {} : { hostId: address.hostId }),
          }
        : undefined,
    );
  }
}
