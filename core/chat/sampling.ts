/**
 * Which messages of a channel are shown when more are said than anybody can read. It depends on nothing but the
 * messages themselves (ids are times), so that every task of a shard shows the same ones; a task that begins
 * later agrees with the others after two windows.
 */
import { isStaff, type ChatMessage } from './message.ts';
import { waterLevel } from './water-level.ts';

const windowUs = 1_000_000;
/**
 * Where the clock behind the ids stepped back, they stand still until it has caught up. Then the time of the API
 * tasks ends a window: a little later than the ids would, as their clocks differ.
 */
const windowAtMs = 1_250;
/** People whose messages are counted one by one in a window; the platform's limit is far below. */
const mostPeople = 20_000;
/** Messages that a window may be behind a quarter of its pace: with 50 a second, chance alone is so once in 3,000 windows. */
const slack = 2;

export class Sampler {
  /** Messages of viewers a second that are shown; can be changed at any time. */
  shownPerS: number;
  #before = new Window(-Infinity, -Infinity);
  #window = new Window(-Infinity, -Infinity);
  /** Messages that one person may show in this window, going by the one before. */
  #quota = Infinity;

  constructor(shownPerS: number) {
    this.shownPerS = shownPerS;
  }

  /** To be asked once for each message, in the order of the ids. */
  take(message: ChatMessage): boolean {
    const us = Number(message.id);
    this.#turn(us, message.at);
    if (isStaff(message.by.role)) {
      this.#window.staff += 1;
      return true;
    }
    const count = this.#window.count(message.by.id);
    const taken = this.#isTaken(us, Math.max(count, this.#before.countOf(message.by.id)));
    if (taken) this.#window.taken += 1;
    return taken;
  }

  /** Of the last whole second, or of this one if more was said already. Staff included. */
  rates(): { readonly saidPerS: number; readonly shownPerS: number } {
    const window = this.#window.said > this.#before.said ? this.#window : this.#before;
    return { saidPerS: window.said + window.staff, shownPerS: window.taken + window.staff };
  }

  #isTaken(us: number, count: number): boolean {
    const { taken, startUs } = this.#window;
    const elapsed = Math.min(1, Math.max(0, (us - startUs) / windowUs));
    // A burst that the window before did not know: first come, and not all of it in the first moment.
    if (taken >= this.shownPerS * (1 + elapsed)) return false;
    // A lull that it did not know.
    if (taken < (this.shownPerS * elapsed) / 4 - slack) return true;
    return chance(us) * count < this.#quota;
  }

  /** Begins a new window where the message is no longer in this one. */
  #turn(us: number, at: number): void {
    const old = this.#window;
    if (!(us >= old.startUs + windowUs || at >= old.startAt + windowAtMs)) return;
    const startUs = Math.max(old.startUs, Math.floor(us / windowUs) * windowUs);
    const isNext = startUs <= old.startUs + windowUs;
    this.#before = isNext ? old : new Window(startUs - windowUs, at);
    this.#window = new Window(startUs, Math.max(old.startAt, at));
    this.#quota = waterLevel(this.shownPerS, this.#before.demands());
  }
}

class Window {
  readonly startUs: number;
  /** By the clock of the API. */
  readonly startAt: number;
  /** Said by viewers; `taken` of them. */
  said = 0;
  taken = 0;
  staff = 0;
  readonly #counts = new Map<string, number>();
  /** Of people who are not in `counts`. */
  #uncounted = 0;

  constructor(startUs: number, startAt: number) {
    this.startUs = startUs;
    this.startAt = startAt;
  }

  /** @returns how many this person has said in this window, with this one. */
  count(person: string): number {
    this.said += 1;
    const count = this.countOf(person) + 1;
    if (count > 1 || this.#counts.size < mostPeople) this.#counts.set(person, count);
    else this.#uncounted += 1;
    return count;
  }

  countOf(person: string): number {
    return this.#counts.get(person) ?? 0;
  }

  demands(): Iterable<readonly [number, number]> {
    const people = new Map([[1, this.#uncounted]]);
    for (const count of this.#counts.values()) people.set(count, (people.get(count) ?? 0) + 1);
    return people;
  }
}

/** 0 ≤ x < 1, by murmur3's mixing of both halves: neighbours in time have nothing in common. */
function chance(us: number): number {
  return mix((us % 2 ** 32) ^ mix(Math.floor(us / 2 ** 32) + 0x9e3779b9)) / 2 ** 32;
}

function mix(bits: number): number {
  let x = bits | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
