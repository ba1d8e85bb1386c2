/** The form in which a text is stored, and what no text may contain. */

/** Of these nothing is seen: soft hyphen, zero-width space, word joiner, Hangul fillers … */
const unseen = /[\u00ad\u115f\u1160\u180e\u200b\u2060-\u2064\u3164\ufeff\uffa0]/gu;
/** With next line and the blank of Braille, which JavaScript does not count. */
const white = /[\s\u0085\u2800]+/gu;

/** NFC, without what nobody sees, runs of white space as one space. The same again changes nothing. */
export const normalText = (text: string): string =>
  text.replace(unseen, '').normalize('NFC').replace(white, ' ').trim();

const hidden = new RegExp(
  [
    // Controls, private use (fonts draw badges there), noncharacters.
    String.raw`[\p{Cc}\p{Co}\p{Noncharacter_Code_Point}]`,
    // Embeddings, overrides and isolates of direction; deprecated formats, annotations, musical formats.
    String.raw`[\u202a-\u202e\u2066-\u206f\ufff9-\ufffc\u{1d173}-\u{1d17a}]`,
  ].join('|'),
  'u',
);

/**
 * Zalgo: more marks on a letter than anybody writes. Marks that go with every script (accents): 3, as in
 * Vietnamese and Arabic. Marks of a script of its own: Hindi and Thai have 3, Hebrew 4, Tibetan and Burmese 6;
 * but not one of them three times over.
 */
const accents = /[\p{Script=Inherited}\u200c\u200d]{4}/u;
const marks = /[\p{M}\u200c\u200d]{7}|(\p{M})[\u200c\u200d]?\1[\u200c\u200d]?\1/u;
const fewMarks = /[[\p{M}\u200c\u200d]--[\p{Script=Tibetan}\p{Script=Myanmar}\p{Script=Hebrew}]]{5}/v;

/** Letters of tags, with which flags such as the Scottish one are written, hide texts elsewhere. */
const tags = /[\u{e0001}-\u{e007f}]/u;
const tagFlags = /\p{RGI_Emoji_Tag_Sequence}/gv;

/** @param text well-formed or not; before `normalText`, which would make some of these look harmless. */
export function hasBadCharacters(text: string): boolean {
  if (!text.isWellFormed()) return true;
  const normal = text.normalize('NFC').replace(tagFlags, '').replace(white, ' ');
  return [hidden, tags, accents, marks, fewMarks].some((pattern) => pattern.test(normal));
}

/** Whether anything of it is seen. */
export const isVisible = (normal: string): boolean =>
  /[\p{L}\p{N}\p{P}\p{S}]/u.test(normal.replace(/\p{Default_Ignorable_Code_Point}/gu, ''));
