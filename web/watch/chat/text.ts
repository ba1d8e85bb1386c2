/** What is in a message's text: words, links, mentions, emoji. Pure; the page draws each as text, never as HTML. */

export type Part =
  | { readonly kind: 'text' | 'emoji' | 'mention' | 'me'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly href: string };

export interface Parsed {
  readonly parts: readonly Part[];
  /** Nothing but a few emoji: shown large. */
  readonly isOnlyEmoji: boolean;
  readonly mentionsMe: boolean;
}

/** Spelled out: only what somebody sees is where it leads. */
const linkPattern = /\bhttps?:\/\/[^\s<>"'`\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2060}-\u{2069}]+/giu;
/** What ends a sentence or a bracket ends no address. */
const trailing = /[.,:;!?)\]}、。」』】]+$/u;
const mentionPattern = /(?<![\p{L}\p{N}_@])@[\p{L}\p{N}_][\p{L}\p{N}\p{M}_.-]*/gu;
const emojiPattern =
  /(?:\p{Regional_Indicator}{2}|[#*0-9]\u{fe0f}?\u{20e3}|(?:\p{Emoji_Presentation}|\p{Emoji}\u{fe0f}|\p{Extended_Pictographic}(?=\p{Emoji_Modifier}|\u{200d}))\p{Emoji_Modifier}?(?:\u{200d}(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\u{fe0f}?)\p{Emoji_Modifier}?)*)+/gu;

const maxLargeEmoji = 6;

/** The address behind a link as it was typed. Undefined: it stays text. */
function safeAddress(text: string): string | undefined {
  try {
    const url = new URL(text);
    // `https://bank.example@evil.example` shows one place and leads to another.
    const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
    return isWeb && url.username === '' && url.password === '' ? url.href : undefined;
  } catch {
    return undefined;
  }
}

const folded = (text: string): string => text.normalize('NFKC').toLowerCase();

/** Every `@name` of mine, also with spaces in it, in whatever case. */
function myMentions(text: string, name: string | undefined): readonly (readonly [number, number])[] {
  if (name === undefined || name.trim() === '') return [];
  const found: (readonly [number, number])[] = [];
  const length = name.length + 1;
  const wanted = folded(`@${name}`);
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    const next = text.slice(at + length, at + length + 1);
    const isWord = /[\p{L}\p{N}_@]/u;
    const isAlone = !isWord.test(text.slice(Math.max(0, at - 1), at)) && !isWord.test(next);
    if (isAlone && folded(text.slice(at, at + length)) === wanted) found.push([at, at + length]);
  }
  return found;
}

export function parse(text: string, myName?: string): Parsed {
  const spans: { readonly from: number; readonly to: number; readonly part: Part }[] = [];
  const add = (from: number, to: number, part: Part): void => {
    if (!spans.some((span) => from < span.to && to > span.from)) spans.push({ from, to, part });
  };
  for (const match of text.matchAll(linkPattern)) {
    const shown = match[0].replace(trailing, '');
    const href = safeAddress(shown);
    const to = match.index + shown.length;
    // Also what is no link is not taken apart any more: an `@` in it mentions nobody.
    add(
      match.index,
      to,
      href === undefined ? { kind: 'text', text: shown } : { kind: 'link', text: shown, href },
    );
  }
  for (const [from, to] of myMentions(text, myName))
    add(from, to, { kind: 'me', text: text.slice(from, to) });
  for (const match of text.matchAll(mentionPattern))
    add(match.index, match.index + match[0].length, { kind: 'mention', text: match[0] });
  for (const match of text.matchAll(emojiPattern))
    add(match.index, match.index + match[0].length, { kind: 'emoji', text: match[0] });
  spans.sort((a, b) => a.from - b.from);

  const parts: Part[] = [];
  let at = 0;
  for (const { from, to, part } of spans) {
    if (from > at) parts.push({ kind: 'text', text: text.slice(at, from) });
    parts.push(part);
    at = to;
  }
  if (at < text.length) parts.push({ kind: 'text', text: text.slice(at) });
  return {
    parts,
    isOnlyEmoji:
      parts.some(({ kind }) => kind === 'emoji') &&
      parts.every(({ kind, text: each }) => kind === 'emoji' || each.trim() === '') &&
      countOf(text.replaceAll(/\s/gu, '')) <= maxLargeEmoji,
    mentionsMe: parts.some(({ kind }) => kind === 'me'),
  };
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Characters as people count them. */
export function countOf(text: string): number {
  let count = 0;
  for (const _ of segmenter.segment(text)) count += 1;
  return count;
}

/** Colours of names; web/watch/chat/names.css has as many. */
export const nameColours = 12;

/** The same for a person everywhere and always. */
export function colourOf(personId: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < personId.length; i += 1) hash = Math.imul(hash ^ personId.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % nameColours;
}
