/**
 * What a person is called in chat, from what their token says. One line, short, and nothing in it that plays
 * with the lines around it: no controls, no direction marks, no invisible characters, no towers of accents. Nor
 * anything that makes them look like somebody whom people here listen to.
 */
import { isStaff, type ChatRole } from './message.ts';
import { imitatesStaff, readsAlike } from './staff-names.ts';

const maxLength = 40;

/** What cannot be seen or turns the text around: controls, formats, unassigned, private, fillers, blank braille. */
const unseen = /[\p{C}\p{Default_Ignorable_Code_Point}\u2800]/gu;
/**
 * What chats put before the names of staff, verified and paying people; here roles are said in words, beside the
 * name: checks, stars, crowns, shields, swords, tools, medals, gems.
 */
const badges = new RegExp(
  [
    '[\u2611\u2705\u2713\u2714\u221a\u{1f5f8}\u{1f5f9}',
    '\u22c6\u235f\u2605\u2606\u2726\u2727\u2729-\u2730\u2b50-\u2b52\u2bea\u2beb\u{1f31f}\u{1f320}',
    '\u2654\u2655\u265a\u265b\u{1f451}\u{1f6e1}\u26e8\u{1f530}\u269c\u{1f531}\u{1f4db}',
    '\u2692-\u2694\u2696\u2699\u{1f527}\u{1f528}\u{1f5e1}\u{1f6e0}',
    '\u{1f396}\u{1f3c5}\u{1f947}-\u{1f949}\u{1f48e}]',
  ].join(''),
  'gu',
);
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

export interface NamedIn {
  readonly role: ChatRole;
  /** Of the channel, which is what most broadcasters are known as. */
  readonly channelName?: string | undefined;
}

/**
 * @param said as the issuer says it, any text.
 * @param personId public id (runtime/identity/person.ts).
 * @param place staff may be called what they are; others may not be called like them.
 */
export function authorName(
  said: string | undefined,
  personId: string,
  { role, channelName }: NamedIn = { role: 'viewer' },
): string {
  const fallback = `viewer-${personId.slice(0, 4)}`;
  if (said === undefined) return fallback;
  // The issuer's text may be megabytes; what is past this is cut off anyway.
  const name = shortened(
    said
      .slice(0, 1_000)
      .toWellFormed()
      .replaceAll(spaces, ' ')
      .replaceAll(unseen, '')
      .replaceAll(badges, '')
      // Afterwards: what stood apart by something unseen may belong together.
      .normalize('NFC')
      .replaceAll(tower, '$1')
      .replaceAll(spaces, ' ')
      .trim(),
  ).trim();
  if (name === '' || address.test(name) || uuid.test(name)) return fallback;
  if (isStaff(role)) return name;
  const isTaken = imitatesStaff(name) || (channelName !== undefined && readsAlike(name, channelName));
  return isTaken ? fallback : name;
}
