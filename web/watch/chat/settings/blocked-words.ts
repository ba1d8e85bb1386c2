/** A text of one word or phrase a line, as core/chat/mode.ts wants them. Pure. */
const most = 500;
const shortest = 2;
const longest = 60;

export function blockedWordsIn(text: string): {
  readonly words: readonly string[];
  readonly trouble?: string;
} {
  const words = [
    ...new Set(
      text
        .split('\n')
        .map((line) => line.trim().replaceAll(/\s+/gu, ' '))
        .filter((line) => line !== ''),
    ),
  ];
  if (words.length > most) return { words, trouble: `At most ${most}: these are ${words.length}.` };
  const odd = words.find((word) => word.length < shortest || word.length > longest);
  return odd === undefined
    ? { words }
    : { words, trouble: `“${odd.slice(0, 20)}” must have ${shortest} to ${longest} characters.` };
}
