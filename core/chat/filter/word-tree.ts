/**
 * All blocked words in one tree, walked once from each letter of a text: hundreds of words cost little more
 * than one. A step in it is a letter and how often it stands in a row.
 */
import type { Letter } from './letters.ts';

interface Node<W> {
  readonly next: Map<string, Node<W>>;
  readonly words: W[];
}

/** Equal letters in a row; outside of alphabets each letter for itself. */
interface Run {
  readonly letter: Letter;
  /** Places of its first and last letter. */
  readonly from: number;
  readonly to: number;
}

export interface Match<W> {
  readonly word: W;
  /** Places of its first and last letter in the text. */
  readonly from: number;
  readonly to: number;
}

/** Longer runs of a word count as this long: no word has more. */
const longestRun = 3;
/** English never doubles these, so fuuck is fuck; but god and good are two words. */
const neverDoubled = new Set('aiuhjkqvwxy');
const space = ' ';
const stop = '.';

export class WordTree<W> {
  readonly #root: Node<W> = { next: new Map(), words: [] };

  add(letters: readonly Letter[], word: W): void {
    let node = this.#root;
    for (const [at, run] of runsOf(letters).entries()) {
      const before = letters[run.from - 1];
      const between = at === 0 || before === undefined ? undefined : stepBetween(before, run.letter);
      if (between !== undefined) node = child(node, between);
      node = child(node, step(run.letter.readings[0] ?? '', Math.min(longestRun, run.to - run.from + 1)));
    }
    node.words.push(word);
  }

  /** Whether the letters of a word stand somewhere, and it is meant there. */
  finds(letters: readonly Letter[], isMeant: (match: Match<W>) => boolean): boolean {
    const runs = runsOf(letters);
    const walk = (node: Node<W>, from: number, at: number): boolean => {
      const run = runs[at];
      if (run === undefined) return false;
      const past = runs[at + 1];
      for (const found of readings(node, run)) {
        if (found.words.some((word) => isMeant({ word, from, to: run.to }))) return true;
        const next = past === undefined ? undefined : cross(found, run.letter, past.letter);
        if (next !== undefined && walk(next, from, at + 1)) return true;
      }
      return false;
    };
    return runs.some(({ from }, at) => walk(this.#root, from, at));
  }
}

function* readings<W>(node: Node<W>, { letter, from, to }: Run): Iterable<Node<W>> {
  const length = to - from + 1;
  for (const reading of letter.readings)
    for (let times = 1; times <= Math.min(length, longestRun); times += 1) {
      const isSame = times === length || length >= longestRun || (times === 1 && neverDoubled.has(reading));
      const found = isSame ? node.next.get(step(reading, times)) : undefined;
      if (found !== undefined) yield found;
    }
}

/** From one letter to the next over what stands between them. undefined: no word reaches over that. */
function cross<W>(node: Node<W>, a: Letter, b: Letter): Node<W> | undefined {
  const between = stepBetween(a, b);
  return between === undefined ? node : node.next.get(between);
}

/**
 * Spaces count between words of alphabets, elsewhere only ends of clauses do: no word reaches over one that has
 * none itself. undefined: what stands there does not count.
 */
function stepBetween(a: Letter, b: Letter): string | undefined {
  if (b.gap === 'none') return undefined;
  if (hasEnds(a) && hasEnds(b)) return space;
  return b.gap === 'stop' ? stop : undefined;
}

/** Of a script in which words begin and end somewhere. */
export const hasEnds = ({ script }: Letter): boolean => script === 'alphabet' || script === 'digit';

function runsOf(letters: readonly Letter[]): readonly Run[] {
  const runs: Run[] = [];
  for (const [at, letter] of letters.entries()) {
    const last = runs.at(-1);
    if (last !== undefined && continues(last.letter, letter)) runs[runs.length - 1] = { ...last, to: at };
    else runs.push({ letter, from: at, to: at });
  }
  return runs;
}

const continues = (a: Letter, b: Letter): boolean =>
  b.gap === 'none' &&
  a.script === b.script &&
  hasEnds(a) &&
  a.readings.length === b.readings.length &&
  a.readings.every((reading, at) => reading === b.readings[at]);

const step = (reading: string, times: number): string => `${reading}${times}`;

function child<W>(node: Node<W>, key: string): Node<W> {
  const found = node.next.get(key) ?? { next: new Map<string, Node<W>>(), words: [] };
  node.next.set(key, found);
  return found;
}
