/**
 * What a person is called in chat, from what their token says. One line, short, and nothing in it that plays
 * with the lines around it: no controls, no direction marks, no invisible characters, no towers of accents.
 */
const maxLength = 40;

/** What cannot be seen or turns the text around: controls, formats, unassigned, private, fillers, blank braille. */
const unseen = /[\p{C}\p{Default_Ignorable_Code_Point}\u2800]/gu;
const spaces = /[\s\p{Z}]+/gu;
/** Thai and Vietnamese stack two or three marks; more only reach into other lines. */
const tower = /(\p{M}{3})\p{M}+/gu;
/** Issuers put addresses and their own ids where a name is missing. Neither is for everybody's eyes. */
const address = /^\S+@\S+\.\S+$/;
const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** At most so many code points, without cutting a character that people see as one. */
function shortened(text: string): string {
  let length = 0;
  let end = 0;
  for (const { segment } of graphemes.segment(text)) {
    length += Array.from(segment).length;
    if (length > maxLength) break;
    end += segment.length;
  }
  return text.slice(0, end);
}

/** @param said as the issuer says it, any text. @param personId public id (runtime/identity/person.ts). */
export function authorName(said: string | undefined, personId: string): string {
  const fallback = `viewer-${personId.slice(0, 4)}`;
  if (said === undefined) return fallback;
  // The issuer's text may be megabytes; what is past this is cut off anyway.
  const name = shortened(
    said
      .slice(0, 1_000)
      .toWellFormed()
      .replaceAll(spaces, ' ')
      .replaceAll(unseen, '')
      // Afterwards: what stood apart by something unseen may belong together.
      .normalize('NFC')
      .replaceAll(tower, '$1')
      .replaceAll(spaces, ' ')
      .trim(),
  ).trim();
  return name === '' || address.test(name) || uuid.test(name) ? fallback : name;
}
