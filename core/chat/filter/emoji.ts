/** Characters as people count them. */
const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** Skin tones, families, flags and keycaps are one emoji. */
const oneEmoji = /^\p{RGI_Emoji}$/v;
/** Those that are drawn in colour of themselves, and symbols that are asked to be (❤ with U+FE0F). */
const pictures = /\p{Emoji_Presentation}|\p{Emoji}\ufe0f/gu;

export interface Counts {
  readonly characters: number;
  readonly emoji: number;
}

export function count(text: string): Counts {
  let characters = 0;
  let emoji = 0;
  for (const { segment } of graphemes.segment(text)) {
    characters += 1;
    // Sequences that no font knows are drawn one by one, however they are joined.
    if (oneEmoji.test(segment)) emoji += 1;
    else if (segment.length > 1) emoji += segment.match(pictures)?.length ?? 0;
  }
  return { characters, emoji };
}
