import type { Timeline } from './timeline.ts';

/**
 * What a list call answers: the truth, some seconds late (ECS, EC2 and Auto Scaling are eventually consistent).
 * The array is made anew only after something in it became visible.
 */
export class Listing<T extends object> {
  readonly #timeline: Timeline;
  readonly #lag: () => number;
  readonly #items = new Map<string, T>();
  #list: readonly T[] | undefined;

  constructor(timeline: Timeline, lag: () => number) {
    this.#timeline = timeline;
    this.#lag = lag;
  }

  /** `fact` is asked when the change becomes visible; undefined takes the item off the list. */
  publish(key: string, fact: () => T | undefined): void {
    this.#timeline.after(this.#lag(), () => {
      const value = fact();
      if (value === undefined) this.#items.delete(key);
      else this.#items.set(key, Object.freeze(value));
      this.#list = undefined;
    });
  }

  get(key: string): T | undefined {
    return this.#items.get(key);
  }

  read(): readonly T[] {
    this.#list ??= Object.freeze([...this.#items.values()]);
    return this.#list;
  }
}
