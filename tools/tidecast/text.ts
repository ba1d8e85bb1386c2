/** Texts for a terminal. Pure. */

/**
 * Control characters and those that turn the reading direction: a reason or a stopped container's last words
 * must not be able to redraw the operator's screen.
 */
const unsafe = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]+/gu;

export const clean = (text: string): string => text.replaceAll(unsafe, ' ');

/** Characters of East Asian scripts and emoji take two columns, combining marks none. */
const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u;
const withoutWidth = /\p{Mark}|\u200b|\u200d/u;

export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    if (withoutWidth.test(character)) continue;
    width += wide.test(character) ? 2 : 1;
  }
  return width;
}

/** Cuts off a piece of at most so many columns. */
function cut(text: string, width: number): readonly [piece: string, rest: string] {
  let piece = '';
  let used = 0;
  for (const character of text) {
    const next = widthOf(character);
    if (used + next > width && piece !== '') break;
    piece += character;
    used += next;
  }
  return [piece, text.slice(piece.length)];
}

/** Lines of at most `width` columns, broken between words; a word that is longer is cut. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').filter((part) => part !== '')) {
    let rest = word;
    const joined = line === '' ? rest : `${line} ${rest}`;
    if (widthOf(joined) <= width) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    while (widthOf(rest) > width) {
      const [piece, more] = cut(rest, width);
      lines.push(piece);
      rest = more;
    }
    line = rest;
  }
  return line === '' ? lines : [...lines, line];
}

/** The first line begins with `first`, the others are indented by as much. */
export function hang(first: string, text: string, width: number): readonly string[] {
  const indent = widthOf(first);
  // A terminal that is too narrow for the indent gets lines that are too long rather than a column of letters.
  const [head = '', ...rest] = wrap(text, Math.max(20, width - indent));
  return [`${first}${head}`.trimEnd(), ...rest.map((line) => ' '.repeat(indent) + line)];
}

export const pad = (text: string, width: number, align: 'left' | 'right' = 'left'): string => {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'left' ? text + space : space + text;
};

export type Style = 'good' | 'busy' | 'bad' | 'new' | 'dim' | 'bold';
export type Paint = (style: Style | undefined, text: string) => string;

const codes: Readonly<Record<Style, number>> = { good: 32, busy: 33, bad: 31, new: 36, dim: 2, bold: 1 };

export const paintFor =
  (colour: boolean): Paint =>
  (style, text) =>
    colour && style !== undefined && text.trim() !== '' ? `\u001b[${codes[style]}m${text}\u001b[0m` : text;

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** A span in the two units that matter: "4 s", "12 min", "3 h 5 min", "2 d 4 h". */
export function span(ms: number): string {
  // Clocks of two machines differ a little: less than nothing is nothing.
  const length = Math.max(0, ms);
  if (length < minute) return `${Math.floor(length / second)} s`;
  if (length < hour) return `${Math.floor(length / minute)} min`;
  const [big, small, units] = length < day ? [hour, minute, ['h', 'min']] : [day, hour, ['d', 'h']];
  const rest = Math.floor((length % big) / small);
  return `${Math.floor(length / big)} ${units[0]}${rest === 0 ? '' : ` ${rest} ${units[1]}`}`;
}

const two = (number: number): string => String(number).padStart(2, '0');

/** "11-03 02:12:05" by the clock on the operator's wall. */
export function wallTime(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** "UTC+09:00" */
export function zoneOf(ms: number): string {
  const minutes = -new Date(ms).getTimezoneOffset();
  const size = Math.abs(minutes);
  return minutes === 0
    ? 'UTC'
    : `UTC${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** Seven letters of a digest, as git does: enough to tell a fleet's images apart, for people. */
export const shortDigest = (digest: string): string =>
  digest === '' ? '?' : digest.replace(/^sha256:/, '').slice(0, 7);

/** "3 hosts", "1 host" */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** For each id the shortest beginning that no other has, at least `least` letters. */
export function shortIds(ids: readonly string[], least: number): ReadonlyMap<string, string> {
  const sorted = [...new Set(ids)].toSorted();
  const shared = (a = '', b = ''): number => {
    let length = 0;
    while (length < a.length && a[length] === b[length]) length++;
    return length;
  };
  return new Map(
    sorted.map((id, index) => {
      const unique = 1 + Math.max(shared(id, sorted[index - 1]), shared(id, sorted[index + 1]));
      return [id, id.slice(0, Math.max(least, unique))];
    }),
  );
}
