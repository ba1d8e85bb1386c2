import type { Gap } from '../proxy/proxy.ts';
import { AwsRefusal } from '../proxy/wire.ts';
import type { Direct } from './direct.ts';

/** What moto lets pass that EC2 refuses. */
export function addressGaps(parts: {
  readonly direct: Direct;
  readonly quota: () => number;
}): readonly Gap[] {
  const { direct, quota } = parts;

  /** What EC2 does of itself when an instance is terminated. */
  async function letGo(): Promise<void> {
    const held = (await direct.addresses()).filter(({ instanceId }) => instanceId !== undefined);
    if (held.length === 0) return;
    const states = await direct.instanceStates();
    for (const { associationId, instanceId = '' } of held)
      if (associationId !== undefined && states.get(instanceId) === 'terminated')
        await direct.disassociate(associationId);
  }

  return [
    {
      name: 'addresses of a terminated instance stay associated',
      document: 'AWSEC2/latest/UserGuide/elastic-ip-addresses-eip.html (terminated: disassociated)',
      service: 'ec2',
      operations: ['DescribeAddresses', 'AssociateAddress', 'ReleaseAddress'],
      handle: async (call, next) => {
        await letGo();
        return next(call);
      },
    },
    {
      name: 'AllocateAddress beyond the quota',
      document: 'AWSEC2/latest/APIReference/errors-overview.html (AddressLimitExceeded)',
      service: 'ec2',
      operations: ['AllocateAddress'],
      handle: async (call, next) => {
        if ((await direct.addresses()).length >= quota())
          throw new AwsRefusal(
            400,
            'AddressLimitExceeded',
            'The maximum number of addresses has been reached.',
          );
        return next(call);
      },
    },
    {
      name: 'ReleaseAddress of an associated address',
      document: 'AWSEC2/latest/APIReference/API_ReleaseAddress.html (InvalidIPAddress.InUse)',
      service: 'ec2',
      operations: ['ReleaseAddress'],
      handle: async (call, next) => {
        const id = String(call.input['AllocationId']);
        const address = (await direct.addresses()).find(({ allocationId }) => allocationId === id);
        if (address?.instanceId !== undefined)
          throw new AwsRefusal(400, 'InvalidIPAddress.InUse', `Address ${id} is in use.`);
        return next(call);
      },
    },
    {
      name: 'AssociateAddress with an instance that is gone',
      document: 'AWSEC2/latest/APIReference/errors-overview.html (IncorrectInstanceState)',
      service: 'ec2',
      operations: ['AssociateAddress'],
      handle: async (call, next) => {
        const id = String(call.input['InstanceId']);
        const state = (await direct.instanceStates()).get(id);
        if (state !== undefined && state !== 'running' && state !== 'stopped')
          throw new AwsRefusal(400, 'IncorrectInstanceState', `The instance '${id}' is ${state}.`);
        return next(call);
      },
    },
  ];
}
