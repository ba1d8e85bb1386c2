import { draw, type Surroundings } from './parts.ts';

/**
 * What a list call answers: the truth, some seconds late (ECS, EC2 and Auto Scaling are eventually consistent).
 * The array is made anew only after something in it became visible.
 */
export class Listing<T extends object> {
  readonly #world: Surroundings;
  readonly #items = new Map<string, T>();
  #list: readonly T[] | undefined;

  constructor(world: Surroundings) {
    this.#world = world;
  }

  /** `fact` is asked when the change becomes visible; undefined takes the item off the list. */
  publish(key: string, fact: () => T | undefined): void {
    const show = (): void => {
      const value = fact();
      if (value === undefined) this.#items.delete(key);
      else this.#items.set(key, Object.freeze(value));
      this.#list = undefined;
    };
    const { timeline, random, listsLag } = this.#world;
    if (listsLag) timeline.after(draw(random, 'listLagMs'), show);
    else show();
  }

  read(): readonly T[] {
    this.#list ??= Object.freeze([...this.#items.values()]);
    return this.#list;
  }
}
