import type { SchedulerEnvironment } from '../../../core/environment/scheduler.ts';
import type { InfrastructureAction } from '../../../core/fleet/decision.ts';
import type { Infrastructure, InfrastructureSource } from '../../../core/fleet/ports.ts';
import type { Facts } from '../../../core/fleet/snapshot.ts';
import { createAddresses } from './addresses.ts';
import type { Clients } from './clients.ts';
import { createGroup } from './group.ts';
import { createHosts } from './hosts.ts';
import type { Images } from './images.ts';
import { createNamelessRecords, createRecords } from './records.ts';
import { createRelease } from './release.ts';
import { createTargets } from './targets.ts';
import { createTasks } from './tasks.ts';

type Sources = {
  readonly [Name in InfrastructureSource]: { readonly read: (signal: AbortSignal) => Promise<Facts[Name]> };
};

type Act<Action> = (action: Action, signal: AbortSignal) => Promise<void>;

type Acts = {
  readonly [Kind in InfrastructureAction['kind']]: Act<
    Extract<InfrastructureAction, { readonly kind: Kind }>
  >;
};

/** The fleet in AWS. */
export function createAwsInfrastructure(parts: {
  readonly clients: Clients;
  readonly images: Images;
  readonly environment: SchedulerEnvironment;
  readonly now: () => number;
}): Infrastructure {
  const { clients, images, environment: env, now } = parts;
  const { ecs, ec2 } = clients;
  const { CLUSTER: cluster, CONTAINER: container, HOST_GROUP: groupName } = env;
  const group = createGroup({ client: clients.autoScaling, name: groupName });
  const hosts = createHosts({ ec2, ecs, group, groupName, cluster, now });
  const tasks = createTasks({ client: ecs, images, cluster, container });
  const addresses = createAddresses({ client: ec2, once: clients.ec2Once, fleet: env.FLEET });
  const records =
    env.ZONE_ID === undefined || env.INGEST_DOMAIN === undefined
      ? createNamelessRecords()
      : createRecords({ client: clients.route53, zoneId: env.ZONE_ID, domain: env.INGEST_DOMAIN });
  const targets = createTargets({
    client: clients.balancing,
    prefix: env.TARGET_GROUP_PREFIX,
    port: env.TARGET_PORT,
    now,
  });
  const release = createRelease({ client: clients.ecr, repository: env.REPOSITORY, tag: env.RELEASE_TAG });

  const sources: Sources = { group, hosts, tasks, addresses, records, targets, release };
  const acts: Acts = {
    'set-desired': (action, signal) => group.raiseTo(action.hosts, signal),
    'protect-host': (action, signal) => group.protect(action.hostId, signal),
    'terminate-host': (action, signal) => group.terminate(action.hostId, signal),
    'allocate-address': (action, signal) => addresses.allocate(action.slot, signal),
    'release-address': (action, signal) => addresses.release(action.addressId, signal),
    'associate-address': (action, signal) => addresses.associate(action.addressId, action.hostId, signal),
    'start-task': (action, signal) => tasks.start(action, signal),
    'stop-task': (action, signal) => tasks.stop(action, signal),
    'register-target': (action, signal) => targets.register(action.slot, action.targetId, signal),
    'deregister-target': (action, signal) => targets.deregister(action.slot, action.targetId, signal),
    'set-front': (action, signal) => records.setFront(action.ips, action.ttlS, signal),
    'set-slot-record': (action, signal) => records.setSlot(action.slot, action.ip, signal),
    'remove-slot-record': (action, signal) => records.removeSlot(action.slot, action.ip, signal),
  };

  return {
    read: (source, signal) => sources[source].read(signal),
    // The kind says which of them it is; TypeScript can't follow that through a table.
    act: (action, signal) => (acts[action.kind] as Act<InfrastructureAction>)(action, signal),
  };
}
