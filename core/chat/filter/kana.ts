/**
 * Japanese has no spaces, and short kana words stand by chance in many places: カス in 動かす, くそ in
 * ミクそっくり. Written exactly as in the list a word counts anywhere (core/chat/filter/words.ts); written
 * otherwise it has to stand by itself.
 */
import type { Letter } from './letters.ts';

/** From this length on chance is no matter. */
const longEnough = 5;
/** し|ね ends many a sentence: so short a word has to be one word for the dictionary. */
const oneWord = 2;
/** More than the longest word that the dictionary knows. */
const contextLength = 16;

const words = new Intl.Segmenter('ja', { granularity: 'word' });

/** Whether letters[from..to], which read as a blocked word of kana, stand there as a word. */
export function standsAlone(letters: readonly Letter[], from: number, to: number): boolean {
  const match = letters.slice(from, to + 1);
  const before = letters[from]?.gap === 'none' ? letters[from - 1] : undefined;
  const after = letters[to + 1]?.gap === 'none' ? letters[to + 1] : undefined;
  const gaps = match.slice(1).map(({ gap }) => gap);
  if (gaps.some((gap) => gap !== 'none')) {
    const isSpelled = gaps.every((gap) => gap !== 'none') || !gaps.includes('space');
    return isSpelled && !isJapanese(before) && !isJapanese(after);
  }
  // 入口 and 施工口 are no エロ.
  if (match.some(({ script }) => script === 'running')) return !isDense(before) && !isDense(after);
  if (match.length >= longEnough) return true;
  const prefix = context(letters.slice(Math.max(0, from - contextLength), from));
  const suffix = context(letters.slice(to + 1, to + 1 + contextLength));
  const written = match.map((letter) => letter.written).join('');
  if (isWord(prefix, written, suffix, match.length)) return true;
  // バか: no dictionary has that.
  const isMixed = match.some(isKatakana) && !match.every(isKatakana);
  const [first] = match;
  const last = match.at(-1);
  if (!isMixed || isSameKana(before, first) || isSameKana(last, after)) return false;
  return isWord(prefix, match.map(({ readings }) => readings[0]).join(''), suffix, match.length);
}

function isWord(prefix: string, word: string, suffix: string, length: number): boolean {
  const from = prefix.length;
  const to = from + word.length;
  const ends = new Set([...words.segment(`${prefix}${word}${suffix}`)].map(({ index }) => index));
  ends.add(prefix.length + word.length + suffix.length);
  if (!ends.has(from) || !ends.has(to)) return false;
  return length > oneWord || !ends.has(from + 1);
}

const context = (letters: readonly Letter[]): string =>
  letters.map(({ gap, written }) => (gap === 'none' ? written : ` ${written}`)).join('');

const isKatakana = ({ written }: Letter): boolean => /\p{Script=Katakana}/u.test(written);
const isJapanese = (letter: Letter | undefined): boolean =>
  letter !== undefined && (letter.script === 'kana' || letter.script === 'running');
const isDense = (letter: Letter | undefined): boolean =>
  letter !== undefined && (letter.script === 'running' || isKatakana(letter));
const isSameKana = (a: Letter | undefined, b: Letter | undefined): boolean =>
  a?.script === 'kana' && b?.script === 'kana' && isKatakana(a) === isKatakana(b);
