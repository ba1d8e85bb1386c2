import { describe } from 'vitest';
import { hostsContract } from './hosts.ts';
import { namesContract } from './names.ts';
import { openScene, type InfrastructureSide } from './scene.ts';
import { tasksContract } from './tasks.ts';

export type { InfrastructureSide } from './scene.ts';

/** What every side of the infrastructure must do. Run by AWS's on emulators, the local fleet's, the simulator's. */
export function infrastructureContract(open: () => Promise<InfrastructureSide>): void {
  describe('infrastructure contract', () => {
    const scene = openScene(open);
    hostsContract(scene);
    tasksContract(scene);
    namesContract(scene);
  });
}
