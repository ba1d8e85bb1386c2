import type { InfrastructureAction } from '../../core/fleet/decision.ts';
import { FleetCallError, type Infrastructure, type InfrastructureSource } from '../../core/fleet/ports.ts';
import type { Facts } from '../../core/fleet/snapshot.ts';
import type { Hosts } from './hosts.ts';
import { releaseFact, type Images } from './images.ts';
import type { Network } from './network.ts';
import type { Targets } from './targets.ts';
import type { Tasks } from './tasks.ts';

/** What the scheduler's loop sees of this machine, and what it does to it. */
export function createLocalInfrastructure(parts: {
  readonly hosts: Hosts;
  readonly tasks: Tasks;
  readonly network: Network;
  readonly targets: Targets;
  readonly images: Images;
}): Infrastructure {
  const { hosts, tasks, network, targets, images } = parts;

  const readers: { readonly [Name in InfrastructureSource]: () => Facts[Name] } = {
    group: () => hosts.group,
    hosts: () => hosts.facts,
    tasks: () => tasks.facts,
    addresses: () => network.addresses,
    records: () => network.records,
    targets: () => targets.facts,
    release: () => releaseFact(images.released),
  };

  const startTask = (action: Extract<InfrastructureAction, { kind: 'start-task' }>): void => {
    const { hostId, slot, digest, token } = action;
    if (tasks.wasStartedWith(token)) return;
    const host = hosts.ready(hostId);
    if (host === undefined)
      throw new FleetCallError(`${hostId} is not ready for a task`, { kind: 'refused' });
    const other = tasks.on(hostId);
    // Host network: the ports of a host are its one task's.
    if (other !== undefined) throw new FleetCallError(`${hostId} has the task ${other}`, { kind: 'refused' });
    const image = images.find(digest);
    if (image === undefined) throw new FleetCallError(`there is no image ${digest}`, { kind: 'refused' });
    tasks.start({ ...host, slot, image }, token, () => hosts.adopt(hostId));
  };

  const act = (action: InfrastructureAction): void => {
    switch (action.kind) {
      case 'set-desired':
        return hosts.raise(action.hosts);
      case 'protect-host':
        if (!hosts.knows(action.hostId))
          throw new FleetCallError(`there is no host ${action.hostId}`, { kind: 'refused' });
        return undefined;
      case 'terminate-host':
        return hosts.terminate(action.hostId);
      case 'allocate-address':
        return network.allocate(action.slot);
      case 'release-address':
        return network.release(action.addressId);
      case 'associate-address':
        if (hosts.ready(action.hostId) === undefined)
          throw new FleetCallError(`${action.hostId} does not run`, { kind: 'refused' });
        return network.associate(action.addressId, action.hostId);
      case 'start-task':
        return startTask(action);
      case 'stop-task':
        return tasks.stop(action.taskId, action.reason, action.forced ? 'finish' : 'stop');
      case 'register-target':
        return targets.register(action.slot, action.targetId);
      case 'deregister-target':
        return targets.deregister(action.slot, action.targetId);
      case 'set-front':
        return network.setFront(action.ips, action.ttlS);
      case 'set-slot-record':
        return network.setSlotRecord(action.slot, action.ip);
      case 'remove-slot-record':
        return network.removeSlotRecord(action.slot, action.ip);
    }
  };

  return {
    read: async (source, signal) => {
      signal.throwIfAborted();
      return await Promise.resolve(readers[source]());
    },
    act: async (action, signal) => {
      signal.throwIfAborted();
      act(action);
      return await Promise.resolve();
    },
  };
}
