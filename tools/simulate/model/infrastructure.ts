import type { InfrastructureAction } from '../../../core/fleet/decision.ts';
import type { Infrastructure, InfrastructureSource } from '../../../core/fleet/ports.ts';
import type { Facts, ReleaseFact } from '../../../core/fleet/snapshot.ts';
import type { Line } from './calls.ts';
import type { Checked, Checks } from './checks.ts';

export interface Account extends Checked {
  readonly release: () => ReleaseFact;
  /** A list answer may miss one item (notes/fleet.md A9, 3 and 4). */
  readonly omit: <T>(list: readonly T[]) => readonly T[];
}

/** The account's services as the scheduler's port, over one line. */
export function connectInfrastructure(account: Account, checks: Checks, line: Line): Infrastructure {
  const sources: { readonly [Name in InfrastructureSource]: () => Facts[Name] } = {
    group: () => account.group.read(),
    hosts: () => account.omit(account.group.readHosts()),
    tasks: () => account.omit(account.tasks.read()),
    addresses: () => account.addresses.read(),
    records: () => account.dns.read(),
    targets: () => account.targets.read(),
    release: account.release,
  };
  return {
    read: (source) => line.call('read', source, sources[source]),
    act: (action) => line.call('act', action.kind, () => carryOut(action, account, checks)),
  };
}

function carryOut(action: InfrastructureAction, account: Account, checks: Checks): void {
  const { group, tasks, addresses, dns, targets } = account;
  switch (action.kind) {
    case 'set-desired':
      return group.setDesired(action.hosts);
    case 'protect-host':
      return group.protect(action.hostId);
    case 'terminate-host':
      checks.terminates(action.hostId);
      return group.terminate(action.hostId);
    case 'allocate-address':
      return addresses.allocate(action.slot);
    case 'release-address':
      return addresses.release(action.addressId);
    case 'associate-address':
      return addresses.associate(action.addressId, action.hostId);
    case 'start-task':
      return tasks.start(group.hosts.get(action.hostId), action.slot, action.digest, action.token);
    case 'stop-task': {
      const task = tasks.all.get(action.taskId);
      if (task !== undefined && !action.forced) checks.stops(task);
      return tasks.stop(action.taskId, action.reason, action.forced ? 'operator' : 'scheduler');
    }
    case 'register-target':
      return targets.register(action.slot, action.targetId);
    case 'deregister-target':
      return targets.deregister(action.slot, action.targetId);
    case 'set-front':
      checks.setsFront(action.ips);
      return dns.setFront(action.ips, action.ttlS);
    case 'set-slot-record':
      return dns.setSlot(action.slot, action.ip);
    case 'remove-slot-record':
      return dns.removeSlot(action.slot, action.ip);
  }
}
