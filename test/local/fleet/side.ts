import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { slotNames } from '../../../core/fleet/policy.ts';
import { Hosts } from '../../../local/fleet/hosts.ts';
import { openImages, type Images } from '../../../local/fleet/images.ts';
import { createLocalInfrastructure } from '../../../local/fleet/infrastructure.ts';
import { createNetwork } from '../../../local/fleet/network.ts';
import { createTargets, type Targets } from '../../../local/fleet/targets.ts';
import { Tasks, type LaunchTask } from '../../../local/fleet/tasks.ts';
import type { InfrastructureSide } from '../../lambda/scheduler/contract/infrastructure.ts';
import { until } from '../../support/platform.ts';

/** The local side of the fleet without a scheduler, in a folder of its own. */
export interface LocalSide extends InfrastructureSide {
  readonly folder: string;
  readonly hosts: Hosts;
  readonly tasks: Tasks;
  readonly targets: Targets;
  readonly images: Images;
  readonly said: readonly string[];
}

const slots = slotNames(8);

export function openLocalSide(options: {
  readonly launch: LaunchTask;
  readonly folder?: string;
  readonly addressQuota?: number;
}): LocalSide {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'tidecast-fleet-'));
  const clock = { now: () => Date.now() };
  const said: string[] = [];
  const tasks = new Tasks({ launch: options.launch, clock, newId: randomUUID });
  const network = createNetwork({ addressQuota: options.addressQuota ?? 4 });
  const maxHosts = 3;
  const hosts = new Hosts({
    folder,
    bootMs: 1,
    desired: 0,
    maxHosts,
    clock,
    say: (text) => said.push(text),
    endTasks: (hostId, how) => tasks.end(how, `${hostId} was terminated`, hostId),
    onGone: (hostId) => network.hostGone(hostId),
  });
  const targets = createTargets({ slots, hosts, tasks });
  const images = openImages({ file: join(folder, 'images.json'), clock });
  const first = images.released.digest;
  const second = images.push({ broken: false }).digest;
  images.tag(first);
  return {
    folder,
    hosts,
    tasks,
    targets,
    images,
    said,
    infrastructure: createLocalInfrastructure({ hosts, tasks, network, targets, images }),
    slots: ['in-01', 'in-02'],
    digests: [first, second],
    maxHosts,
    settle: async () => {
      await until('hosts and tasks stand still', () => {
        const moving =
          hosts.facts.some(({ state }) => state === 'launching' || state === 'terminating') ||
          tasks.facts.some(({ status }) => status === 'pending' || status === 'stopping');
        return Promise.resolve(moving ? undefined : true);
      });
    },
    release: (digest) => Promise.resolve(images.tag(digest)),
    close: async () => {
      await hosts.close(() => tasks.close('kill', 'the test is over'));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A task without a process: listens where a real one would, and ends when it is told to. */
export const launchListener: LaunchTask = async ({ address }, { signal }) => {
  const server = createServer();
  server.listen(0, address.bind);
  await once(server, 'listening');
  const end = (): Promise<void> =>
    new Promise((resolve) => {
      if (!server.listening) resolve();
      else server.close(() => resolve());
    });
  if (signal.aborted) {
    await end();
    throw new Error('ended before it ran');
  }
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return { pid: process.pid, ports: { rtmp: port, http: port }, stop: end, finish: end, kill: end };
};
