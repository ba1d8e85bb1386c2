/** Completing names after an `@`. Pure. */

export interface Typing {
  /** Where the `@` stands. */
  readonly from: number;
  readonly to: number;
  /** What was typed after it so far. */
  readonly start: string;
}

/** The mention that is being typed at the cursor. */
export function typingAt(text: string, cursor: number): Typing | undefined {
  const before = text.slice(0, cursor);
  const match = /(?:^|[\s、。（(「])@([\p{L}\p{N}\p{M}_.-]{0,30})$/u.exec(before);
  if (match === null) return undefined;
  const start = match[1] ?? '';
  return { from: cursor - start.length - 1, to: cursor, start };
}

const folded = (text: string): string => text.normalize('NFKC').toLowerCase();
const most = 6;

/** `names`: those who wrote last come last. Without the own one. */
export function matching(
  names: readonly string[],
  start: string,
  myName: string | undefined,
): readonly string[] {
  const wanted = folded(start);
  const found = new Set<string>();
  for (const name of names.toReversed()) {
    if (found.size === most) break;
    if (name !== myName && folded(name).startsWith(wanted)) found.add(name);
  }
  return [...found];
}

export function completed(
  text: string,
  typing: Typing,
  name: string,
): { readonly text: string; readonly cursor: number } {
  const head = `${text.slice(0, typing.from)}@${name} `;
  return { text: head + text.slice(typing.to).replace(/^ /, ''), cursor: head.length };
}
