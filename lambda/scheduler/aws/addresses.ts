import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  DescribeAddressesCommand,
  ReleaseAddressCommand,
  type Address,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import { FleetCallError } from '../../../core/fleet/ports.ts';
import type { AddressFact } from '../../../core/fleet/snapshot.ts';
import { call, callUnless, codeOf, toFleetCallError } from './errors.ts';

/** The Elastic IPs of the slots. Which slot one belongs to stands in its tags and nowhere else. */
export interface Addresses {
  read(signal: AbortSignal): Promise<readonly AddressFact[]>;
  allocate(slot: string, signal: AbortSignal): Promise<void>;
  release(addressId: string, signal: AbortSignal): Promise<void>;
  associate(addressId: string, hostId: string, signal: AbortSignal): Promise<void>;
}

const fleetTag = 'tidecast:fleet';
const slotTag = 'tidecast:slot';

const fact = (address: Address): readonly AddressFact[] => {
  const { AllocationId: addressId, PublicIp: ip } = address;
  const slot = address.Tags?.find(({ Key }) => Key === slotTag)?.Value;
  if (addressId === undefined || ip === undefined || slot === undefined) return [];
  // Held by something that is no instance (a network interface of its own): a holder all the same.
  const holder = [address.InstanceId, address.NetworkInterfaceId].find((id) => id !== undefined && id !== '');
  return [{ addressId, ip, slot, ...(holder === undefined ? {} : { hostId: holder }) }];
};

export function createAddresses(parts: {
  readonly client: EC2Client;
  /** AllocateAddress knows no token: after a lost answer a second attempt would be a second address. */
  readonly once: EC2Client;
  readonly fleet: string;
}): Addresses {
  const { client, once, fleet } = parts;

  async function find(
    filters: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<readonly AddressFact[]> {
    // DescribeAddresses has no pages: it answers with all of them.
    const command = new DescribeAddressesCommand({
      Filters: Object.entries({ [`tag:${fleetTag}`]: fleet, ...filters }).map(([Name, value]) => ({
        Name,
        Values: [value],
      })),
    });
    const { Addresses = [] } = await call(
      'describe the addresses',
      client.send(command, { abortSignal: signal }),
    );
    return Addresses.flatMap(fact);
  }

  return {
    read: (signal) => find({}, signal),

    allocate: async (slot, signal) => {
      // The answer to an earlier try may have been lost.
      const present = await find({ [`tag:${slotTag}`]: slot }, signal);
      if (present.length > 0) return;
      const command = new AllocateAddressCommand({
        Domain: 'vpc',
        // In the same call: an address without tags would be nobody's when the next call never comes.
        TagSpecifications: [
          {
            ResourceType: 'elastic-ip',
            Tags: [
              { Key: fleetTag, Value: fleet },
              { Key: slotTag, Value: slot },
              { Key: 'Name', Value: `${fleet} ${slot}` },
            ],
          },
        ],
      });
      await call(`allocate an address for ${slot}`, once.send(command, { abortSignal: signal }));
    },

    release: async (addressId, signal) => {
      await callUnless(
        `release the address ${addressId}`,
        (error) => error.name === 'InvalidAllocationID.NotFound',
        client.send(new ReleaseAddressCommand({ AllocationId: addressId }), { abortSignal: signal }),
      );
    },

    associate: async (addressId, hostId, signal) => {
      const doing = `associate ${addressId} with ${hostId}`;
      const command = new AssociateAddressCommand({
        AllocationId: addressId,
        InstanceId: hostId,
        AllowReassociation: false,
      });
      try {
        await client.send(command, { abortSignal: signal });
      } catch (cause) {
        if (codeOf(cause) !== 'Resource.AlreadyAssociated') throw toFleetCallError(doing, cause);
        // By us, when the answer to the first attempt was lost; else by somebody else, and theirs it stays.
        const [address] = await find({ 'allocation-id': addressId }, signal);
        if (address?.hostId === hostId) return;
        throw new FleetCallError(
          `could not ${doing}: ${address?.hostId === undefined ? `${hostId} has another address` : `${address.hostId} has it`}`,
          { cause, kind: 'refused' },
        );
      }
    },
  };
}
