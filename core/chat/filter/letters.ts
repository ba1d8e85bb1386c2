/** A text as the word filter sees it: letters in their plainest form, and what stands between them. */
import { kanaLookalike, latinLookalike, leetReadings, letterOfEmoji } from './lookalikes.ts';

/**
 * `alphabet`: words have ends (Latin, Cyrillic …). `kana`. `running`: written without spaces between words
 * (kanji, Hangul, Thai).
 */
export type Script = 'alphabet' | 'digit' | 'kana' | 'running';

/** What stands before a letter: nothing, a sign inside a word (f.u-c_k), a space, or an end of a clause. */
export type Gap = 'none' | 'sign' | 'space' | 'stop';

export interface Letter {
  /** Folded: everything that it can be, mostly one character. */
  readonly readings: readonly string[];
  /** As it stands there, but for width and case. */
  readonly written: string;
  readonly script: Script;
  readonly gap: Gap;
  /** In a row of single letters (b a d): a word may begin and end at each. */
  readonly spelled: boolean;
}

/** Width, case, voiced marks that stand alone, and without what nobody sees. The base of every comparison. */
export const plain = (text: string): string =>
  text
    .replaceAll('゛', '\u3099')
    .replaceAll('゜', '\u309a')
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .normalize('NFC');

/** @param leet whether digits and signs inside words are read as the letters that they resemble */
export function lettersOf(plainText: string, leet: boolean): readonly Letter[] {
  const letters: Letter[] = [];
  const places = leet ? leetPlaces(plainText) : undefined;
  let gap: Gap = 'none';
  let place = 0;
  for (const char of plainText) {
    const isLeet = places?.has(place) === true;
    place += char.length;
    if (isLeet) letters.push(letter(leetReadings(char) ?? [char], char, 'alphabet', gap));
    else if (isDropped(char, gap === 'none' ? letters.at(-1)?.written : undefined)) continue;
    else {
      const seen = read(char);
      if (seen === undefined) {
        gap = wider(gap, gapOf(char));
        continue;
      }
      letters.push(letter(seen.readings, char, seen.script, gap));
    }
    gap = 'none';
  }
  return spellOut(letters);
}

/** The same with the signs inside words left out (fu.ck). undefined: there are none. */
export function joined(letters: readonly Letter[]): readonly Letter[] | undefined {
  const isInside = ({ gap, script }: Letter): boolean => gap === 'sign' && script === 'alphabet';
  if (!letters.some(isInside)) return undefined;
  return letters.map((letter) => (isInside(letter) ? { ...letter, gap: 'none' } : letter));
}

const letter = (readings: readonly string[], written: string, script: Script, gap: Gap): Letter => ({
  readings,
  written,
  script,
  gap,
  spelled: false,
});

const kanaPattern = /[\p{Script=Hiragana}\p{Script=Katakana}]/u;
const runningPattern =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

function read(char: string): Pick<Letter, 'readings' | 'script'> | undefined {
  if (char >= 'a' && char <= 'z') return { readings: [char], script: 'alphabet' };
  if (char < '\u0080') return char >= '0' && char <= '9' ? { readings: [char], script: 'digit' } : undefined;
  if (kanaPattern.test(char)) return { readings: [foldKana(char)], script: 'kana' };
  if (runningPattern.test(char)) {
    const kana = kanaLookalike(char);
    return { readings: kana === undefined ? [char] : [char, kana], script: 'running' };
  }
  const inEmoji = letterOfEmoji(char);
  if (inEmoji !== undefined) return { readings: [inEmoji], script: 'alphabet' };
  if (/\p{L}/u.test(char)) return { readings: [foldLetter(char)], script: 'alphabet' };
  return /\p{Nd}/u.test(char) ? { readings: [char], script: 'digit' } : undefined;
}

function foldLetter(char: string): string {
  const [base = char] = Array.from(char.normalize('NFD'));
  return latinLookalike(base) ?? base;
}

const smallKana = 'ぁぃぅぇぉっゃゅょゎゕゖ';
const largeKana = 'あいうえおつやゆよわかけ';

/** Katakana → hiragana, small → large. */
function foldKana(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const hiragana = code >= 0x30a1 && code <= 0x30f6 ? String.fromCodePoint(code - 0x60) : char;
  const small = smallKana.indexOf(hiragana);
  return small === -1 ? hiragana : (largeKana[small] ?? hiragana);
}

/** Small vowels after a kana of their row only draw it out: バァカ. ファ is a sound of its own. */
const drawnOut: readonly (readonly [vowels: string, row: string])[] = [
  ['ぁァ', 'あかさたなはまやらわがざだばぱアカサタナハマヤラワガザダバパ'],
  ['ぃィ', 'いきしちにひみりぎじぢびぴイキシチニヒミリギジヂビピ'],
  ['ぅゥ', 'うくすつぬふむゆるぐずづぶぷウクスツヌフムユルグズヅブプ'],
  ['ぇェ', 'えけせてねへめれげぜでべぺエケセテネヘメレゲゼデベペ'],
  ['ぉォ', 'おこそとのほもよろをごぞどぼぽオコソトノホモヨロヲゴゾドボポ'],
];

/** Marks on letters, and what draws kana out. */
function isDropped(char: string, before: string | undefined): boolean {
  if (char >= '\u0080' && /\p{M}/u.test(char)) return true;
  if (char === 'ー') return true;
  if (before === undefined || !kanaPattern.test(before)) return false;
  return (
    '〜～~-―—'.includes(char) ||
    drawnOut.some(([vowels, row]) => vowels.includes(char) && row.includes(before))
  );
}

const widths: readonly Gap[] = ['none', 'sign', 'space', 'stop'];
const wider = (a: Gap, b: Gap): Gap => (widths.indexOf(a) > widths.indexOf(b) ? a : b);

function gapOf(char: string): Gap {
  if (/\s/u.test(char)) return 'space';
  // With the apostrophes: he'll is not hell.
  return '。、,!?…;:\'"’‘`´'.includes(char) ? 'stop' : 'sign';
}

/** Digits and signs in words with real letters: s1t, $hit, sh!t. Not in 455, nor the sign that ends shit! */
function leetPlaces(text: string): ReadonlySet<number> {
  const places = new Set<number>();
  for (const { 0: word, index } of text.matchAll(/[\p{L}\p{Nd}@$!|+€£¢*]+/gu)) {
    if (!/[^\p{Nd}@$!|+€£¢*]/u.test(word)) continue;
    let start = 0;
    let end = word.length;
    while ('!|+*'.includes(word[end - 1] ?? ' ')) end -= 1;
    while ('!|+*'.includes(word[start] ?? ' ')) start += 1;
    for (let at = start; at < end; at += 1)
      if (leetReadings(word[at] ?? '') !== undefined) places.add(index + at);
  }
  return places;
}

/** So many single letters in a row are a word spelled out; "I a" is not. */
const fewestSpelled = 3;

function spellOut(letters: readonly Letter[]): readonly Letter[] {
  // Whether it belongs to the same word as the one before.
  const isLinked = (at: number): boolean =>
    letters[at]?.gap === 'none' &&
    letters[at].script === 'alphabet' &&
    letters[at - 1]?.script === 'alphabet';
  const isAlone = (at: number): boolean =>
    letters[at]?.script === 'alphabet' && !isLinked(at) && !isLinked(at + 1);
  const spelled = [...letters];
  for (let from = 0; from < letters.length; from += 1) {
    let to = from;
    while (isAlone(to)) to += 1;
    if (to - from >= fewestSpelled)
      for (const [at, { readings, written, script, gap }] of letters.slice(from, to).entries())
        spelled[from + at] = { readings, written, script, gap: at === 0 ? gap : 'none', spelled: true };
    from = Math.max(from, to);
  }
  return spelled;
}
