/** Names that pass for those of staff, however they are dressed up: with the eyes of the word filter. */
import { lettersOf, plain, type Letter } from './filter/letters.ts';
import { WordTree } from './filter/word-tree.ts';
import { isEnd, readingsOf } from './filter/words.ts';

/** Say it wherever they stand in a name as a word: "Moderator Tom", "Tom公式". */
const titles = [
  ...['operator', 'operators', 'moderator', 'moderators', 'mod', 'mods', 'admin', 'admins', 'administrator'],
  ...['broadcaster', 'tidecast'],
  ...['管理人', '管理者', '運営', '運営者', 'モデレーター', 'モデレータ', 'オペレーター', '配信者', '公式'],
];

/** Are words like others: they say it when nothing but signs goes with them. "[Host] Tom", not "Sound System". */
const titlesAlone = ['host', 'the host', 'system', 'the system', 'staff', 'official', 'システム', 'スタッフ'];

/** Letters in a row, or one beside them, that are drawn like another. Others: core/chat/filter/lookalikes.ts. */
const drawnAlike = [
  ['m', 'rn'],
  ['d', 'cl'],
  ['i', 'l'],
] as const;

const variants = (word: string): readonly string[] =>
  drawnAlike.reduce<readonly string[]>(
    (words, [letter, like]) => words.flatMap((each) => [each, each.replaceAll(letter, like)]),
    [word],
  );

function treeOf(words: readonly string[]): WordTree<true> {
  const tree = new WordTree<true>();
  for (const word of new Set(words.flatMap(variants))) tree.add(lettersOf(plain(word), false), true);
  return tree;
}

const anywhere = treeOf(titles);
/** Also written apart: Mode Rator. */
const whole = treeOf([...titles, ...titlesAlone]);

/** ModTom and xXModXx are several words. */
const humps = /(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/gu;
/** What divides a tag from a name. Not dots, dashes and lines, which stand inside of words. */
const dividers = /[^\p{L}\p{M}\p{N}\s.\-_'’@$!|+€£¢*]+/u;

/** One ﷺ is 18 letters to who compares them: nobody needs forty in a name, and reading them all takes 2 ms. */
const mostLetters = 120;

export function imitatesStaff(name: string): boolean {
  if (plain(name).length > mostLetters) return true;
  const parts = name.split(dividers);
  const views = new Set([
    name,
    name.replace(humps, ' '),
    ...parts,
    ...parts.map((part) => part.replaceAll(' ', '')),
  ]);
  return [...views].some((view) => readingsOf(plain(view)).some(isTitled));
}

const isTitled = (letters: readonly Letter[]): boolean =>
  anywhere.finds(
    letters,
    ({ from, to }) => isEnd(letters[from - 1], letters[from]) && isEnd(letters[to], letters[to + 1]),
  ) || whole.finds(letters, ({ from, to }) => from === 0 && to === letters.length - 1);

/** Whether two names are the same to the eye. */
export function readsAlike(one: string, other: string): boolean {
  const seen = skeleton(one);
  return seen !== '' && seen === skeleton(other);
}

const skeleton = (name: string): string =>
  lettersOf(plain(name), true).map(first).join('').replaceAll('rn', 'm').replaceAll('cl', 'd');

const first = ({ readings }: Letter): string => readings[0] ?? '';
