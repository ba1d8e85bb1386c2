import type { RecordFacts } from '../../../core/fleet/snapshot.ts';
import type { Random } from '../random.ts';
import { draw, type Surroundings } from './parts.ts';

/** Caching resolvers between the encoders and Route 53 (providers, public resolvers). */
const resolverCount = 40;
/** Share of them that keeps an answer for a minute, whatever its time-to-live says. */
const clampingShare = 0.2;
const clampMs = 60_000;

interface Resolver {
  readonly leastMs: number;
  until: number;
  answer: readonly string[];
}

/** The hosted zone, what its servers answer by now, and what resolvers remember. */
export class Dns {
  readonly #world: Surroundings;
  readonly #resolvers: readonly Resolver[];
  #facts: RecordFacts = Object.freeze({ front: Object.freeze([]), slots: Object.freeze({}) });
  #ttlMs: number;
  /** What Route 53's servers answer. */
  #answer: readonly string[] = [];
  /** The last change is visible then; none overtakes it. */
  #spreadAt = 0;

  constructor(world: Surroundings) {
    this.#world = world;
    this.#ttlMs = world.policy.front.ttlS * 1000;
    this.#resolvers = Array.from({ length: resolverCount }, (_, index) => ({
      leastMs: index < resolverCount * clampingShare ? clampMs : 0,
      until: 0,
      answer: [],
    }));
  }

  read(): RecordFacts {
    return this.#facts;
  }

  setFront(ips: readonly string[], ttlS: number): void {
    const front = Object.freeze([...ips].toSorted());
    this.#facts = Object.freeze({ ...this.#facts, front });
    const { timeline, random } = this.#world;
    this.#spreadAt = Math.max(this.#spreadAt, timeline.now + draw(random, 'recordSpreadsMs'));
    timeline.at(this.#spreadAt, () => {
      this.#answer = front;
      this.#ttlMs = ttlS * 1000;
    });
  }

  setSlot(slot: string, ip: string): void {
    const slots = Object.freeze({ ...this.#facts.slots, [slot]: ip });
    this.#facts = Object.freeze({ ...this.#facts, slots });
  }

  /** Route 53 deletes a record only when its value is named: another one's stays. */
  removeSlot(slot: string, ip: string): void {
    if (this.#facts.slots[slot] !== ip) return;
    const { [slot]: _gone, ...slots } = this.#facts.slots;
    this.#facts = Object.freeze({ ...this.#facts, slots: Object.freeze(slots) });
  }

  /** A random resolver of an encoder: it stays with it. */
  someResolver(random: Random): number {
    return random.below(resolverCount);
  }

  resolve(resolverIndex: number): readonly string[] {
    const resolver = this.#resolvers[resolverIndex];
    if (resolver === undefined) return this.#answer;
    const { now } = this.#world.timeline;
    if (now >= resolver.until) {
      resolver.answer = this.#answer;
      resolver.until = now + Math.max(resolver.leastMs, this.#ttlMs);
    }
    return resolver.answer;
  }
}
