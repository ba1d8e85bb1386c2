import { FleetCallError } from '../../core/fleet/ports.ts';
import type { TargetFact } from '../../core/fleet/snapshot.ts';
import type { Hosts } from './hosts.ts';
import type { RunningTask, Tasks } from './tasks.ts';

/** The slots' target groups: which host answers for `/live/<slot>/…`. */
export interface Targets {
  readonly facts: readonly TargetFact[];
  register(slot: string, targetId: string): void;
  deregister(slot: string, targetId: string): void;
  /** HTTP base of what answers for a slot; undefined when nothing does. */
  origin(slot: string): URL | undefined;
}

export function createTargets(options: {
  /** Those that have a target group. */
  readonly slots: readonly string[];
  readonly hosts: Hosts;
  readonly tasks: Tasks;
}): Targets {
  const { hosts, tasks } = options;
  const bySlot = new Map<string, ReadonlySet<string>>();

  const taskAt = (targetId: string): RunningTask | undefined => {
    const hostId = hosts.byPrivateIp(targetId);
    return hostId === undefined ? undefined : tasks.running.find((task) => task.hostId === hostId);
  };

  return {
    get facts() {
      return [...bySlot].flatMap(([slot, targetIds]) =>
        [...targetIds].map((targetId) => ({
          slot,
          targetId,
          health:
            taskAt(targetId)?.ports['http'] === undefined ? ('unhealthy' as const) : ('healthy' as const),
        })),
      );
    },
    register: (slot, targetId) => {
      if (!options.slots.includes(slot))
        throw new FleetCallError(`${slot} has no target group`, { kind: 'refused' });
      bySlot.set(slot, new Set([...(bySlot.get(slot) ?? []), targetId]));
    },
    deregister: (slot, targetId) => {
      const left = new Set([...(bySlot.get(slot) ?? [])].filter((other) => other !== targetId));
      if (left.size === 0) bySlot.delete(slot);
      else bySlot.set(slot, left);
    },
    origin: (slot) => {
      for (const targetId of bySlot.get(slot) ?? []) {
        const task = taskAt(targetId);
        const port = task?.ports['http'];
        if (task !== undefined && port !== undefined) return new URL(`http://${task.bind}:${port}`);
      }
      return undefined;
    },
  };
}
