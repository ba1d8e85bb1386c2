import { FleetCallError } from '../../../core/fleet/ports.ts';
import type { TargetFact } from '../../../core/fleet/snapshot.ts';
import { draw, targetDrainsMs, type Surroundings } from './parts.ts';

interface Target {
  readonly slot: string;
  readonly targetId: string;
  health: TargetFact['health'];
}

/** The slots' target groups. Health is what the load balancer's checks say, some seconds late. */
export class Targets {
  readonly #world: Surroundings;
  readonly #serves: (targetId: string) => boolean;
  readonly #targets = new Map<string, Target>();
  #list: readonly TargetFact[] | undefined;

  /** @param serves whether something answers behind a private address. */
  constructor(world: Surroundings, serves: (targetId: string) => boolean) {
    this.#world = world;
    this.#serves = serves;
  }

  read(): readonly TargetFact[] {
    this.#list ??= Object.freeze([...this.#targets.values()].map((target) => Object.freeze({ ...target })));
    return this.#list;
  }

  register(slot: string, targetId: string): void {
    if (!this.#world.policy.slots.includes(slot)) {
      throw new FleetCallError(`no target group of ${slot}`, { kind: 'refused' });
    }
    const key = `${slot} ${targetId}`;
    const known = this.#targets.get(key);
    if (known !== undefined && known.health !== 'draining') return;
    const target: Target = { slot, targetId, health: 'initial' };
    this.#targets.set(key, target);
    this.#list = undefined;
    this.#check(target);
  }

  deregister(slot: string, targetId: string): void {
    const key = `${slot} ${targetId}`;
    const target = this.#targets.get(key);
    if (target === undefined || target.health === 'draining') return;
    target.health = 'draining';
    this.#list = undefined;
    this.#world.timeline.after(targetDrainsMs, () => {
      if (this.#targets.get(key) !== target) return;
      this.#targets.delete(key);
      this.#list = undefined;
    });
  }

  /** Something started or ended behind a private address. */
  changed(targetId: string): void {
    for (const target of this.#targets.values()) if (target.targetId === targetId) this.#check(target);
  }

  #check(target: Target): void {
    this.#world.timeline.after(draw(this.#world.random, 'targetHealthMs'), () => {
      if (target.health === 'draining') return;
      target.health = this.#serves(target.targetId) ? 'healthy' : 'unhealthy';
      this.#list = undefined;
    });
  }
}
