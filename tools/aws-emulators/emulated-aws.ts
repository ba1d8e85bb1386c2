import type { ContainerInstances } from './gaps/container-instances.ts';
import { addressGaps } from './gaps/addresses.ts';
import { clientTokenGap } from './gaps/client-token.ts';
import { createContainerInstances } from './gaps/container-instances.ts';
import { createDirect } from './gaps/direct.ts';
import { hostGaps } from './gaps/hosts.ts';
import { placementGap } from './gaps/placement.ts';
import { taskLifeGaps } from './gaps/task-life.ts';
import { TaskLedger } from './gaps/task-ledger.ts';
import { startProxy, type Gap, type Proxy } from './proxy/proxy.ts';
import type { Service } from './proxy/wire.ts';
import { startMinistack, startMoto } from './servers.ts';

/** AWS as far as two emulators and our corrections reach. */
export interface EmulatedAws {
  /** What AWS_ENDPOINT_URL is set to. */
  readonly url: string;
  readonly proxy: Proxy;
  readonly tasks: TaskLedger;
  readonly containerInstances: ContainerInstances;
  readonly gaps: readonly Gap[];
  /** Elastic IPs that the account may have. */
  addressQuota: number;
  /** As new. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** ministack answers as AWS does where moto does not, and keeps every acknowledged write. */
const ofMinistack: ReadonlySet<Service> = new Set(['dynamodb', 'route53']);

/** moto moves a task one status on with every description otherwise. */
async function pinTasks(moto: string): Promise<void> {
  const response = await fetch(`${moto}/moto-api/state-manager/set-transition`, {
    method: 'POST',
    body: JSON.stringify({ model_name: 'ecs::task', transition: { progression: 'manual', times: 1e9 } }),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`moto does not pin its tasks: ${response.status}`);
}

export async function startEmulatedAws(cluster: string): Promise<EmulatedAws> {
  const [moto, ministack] = await Promise.all([startMoto(), startMinistack()]);
  await pinTasks(moto.url);
  const direct = createDirect(moto.url);
  const tasks = new TaskLedger(direct);
  const containerInstances = createContainerInstances({ moto: moto.url, cluster, direct });
  const tokens = clientTokenGap();
  let quota = Number.POSITIVE_INFINITY;
  const gaps: readonly Gap[] = [
    tokens,
    placementGap({ direct, ledger: tasks, instances: containerInstances }),
    ...taskLifeGaps(tasks),
    containerInstances.gap,
    ...hostGaps(direct),
    ...addressGaps({ direct, quota: () => quota }),
  ];
  const proxy = await startProxy({
    route: (service) => (ofMinistack.has(service) ? ministack.url : moto.url),
    gaps,
  });
  return {
    url: proxy.url,
    proxy,
    tasks,
    containerInstances,
    gaps,
    get addressQuota() {
      return quota;
    },
    set addressQuota(value) {
      quota = value;
    },
    reset: async () => {
      await Promise.all([moto.reset(), ministack.reset()]);
      await pinTasks(moto.url);
      tasks.clear();
      tokens.clear();
      containerInstances.clear();
      proxy.forget();
      quota = Number.POSITIVE_INFINITY;
    },
    stop: async () => {
      direct.close();
      containerInstances.close();
      await proxy.stop();
      await Promise.all([moto.stop(), ministack.stop()]);
    },
  };
}
