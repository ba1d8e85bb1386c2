/**
 * Blocked words and phrases of a channel and of the platform, found however they are dressed up. Words of
 * alphabets count between the ends of words only (class holds no ass), others anywhere.
 */
import { standsAlone } from './kana.ts';
import { joined, lettersOf, plain, type Letter } from './letters.ts';
import { hasEnds, WordTree, type Match } from './word-tree.ts';

export interface WordFilter {
  /** True when one of the words or phrases stands in it, however it is dressed up. */
  hits(text: string): boolean;
}

/** What has to be true of a place where the letters of a word were found. */
interface Conditions {
  readonly beginsWord: boolean;
  readonly endsWord: boolean;
  readonly isKana: boolean;
}

/** Takes about as long as reading one text for each word: keep it for as long as the words stay the same. */
export function compileWords(words: readonly string[]): WordFilter {
  const tree = new WordTree<Conditions>();
  const literals: string[] = [];
  for (const word of new Set(words.map((word) => plain(word).trim().replace(/\s+/gu, ' ')))) {
    const letters = lettersOf(word, false);
    const [first] = letters;
    const last = letters.at(-1);
    const isLiteral = first === undefined || last === undefined || !(hasEnds(first) || hasEnds(last));
    if (isLiteral && word !== '') literals.push(word);
    if (first === undefined || last === undefined || (isLiteral && letters.length < 2)) continue;
    const conditions: Conditions = {
      beginsWord: hasEnds(first),
      endsWord: hasEnds(last),
      isKana: letters.every(({ script }) => script === 'kana'),
    };
    tree.add(letters, conditions);
    const asLeet = lettersOf(word, true);
    if (differ(letters, asLeet)) tree.add(asLeet, conditions);
  }
  return {
    hits: (text) => {
      const seen = plain(text);
      return (
        literals.some((literal) => seen.includes(literal)) ||
        readingsOf(seen).some((letters) => found(tree, letters))
      );
    },
  };
}

/** The ways in which a text can be read. */
export function readingsOf(seen: string): readonly (readonly Letter[])[] {
  const letters = lettersOf(seen, false);
  const leet = lettersOf(seen, true);
  return (differ(letters, leet) ? [letters, leet] : [letters]).flatMap((read) => {
    const together = joined(read);
    return together === undefined ? [read] : [read, together];
  });
}

const differ = (a: readonly Letter[], b: readonly Letter[]): boolean =>
  a.length !== b.length || a.some(({ script }, at) => script !== b[at]?.script);

const found = (tree: WordTree<Conditions>, letters: readonly Letter[]): boolean =>
  tree.finds(letters, ({ word, from, to }: Match<Conditions>) => {
    if (word.beginsWord && !isEnd(letters[from - 1], letters[from])) return false;
    if (word.endsWord && !isEnd(letters[to], letters[to + 1])) return false;
    return !word.isKana || standsAlone(letters, from, to);
  });

/** Whether a word may end, and another begin, between two letters. */
export const isEnd = (a: Letter | undefined, b: Letter | undefined): boolean =>
  a === undefined || b === undefined || b.gap !== 'none' || a.script !== b.script || (a.spelled && b.spelled);
