/** How messages, settings and bans are written for the scripts, and read again. */
import type { Publication } from '../../core/chat/bus.ts';
import type { ChatMessage, MessageKeys } from '../../core/chat/message.ts';
import { modeOf, type Ban, type ChatSettings } from '../../core/chat/mode.ts';
import type { Control } from '../../core/chat/protocol.ts';

/** `<id> <person> <JSON>`: scripts find what they need without parsing. */
export const memberOf = (message: ChatMessage): string =>
  `${message.id} ${message.by.id} ${JSON.stringify(message)}`;

/** @throws SyntaxError */
export const messageOf = (member: string): ChatMessage =>
  // Only memberOf's own texts are in there.
  JSON.parse(member.slice(member.indexOf(' ', 17) + 1)) as ChatMessage;

/** What `settle` in scripts/place.ts takes: keys and members. */
export const keptArgs = (kept: readonly ChatMessage[], keys: MessageKeys = new Map()): readonly string[] => [
  String(keys.size),
  ...[...keys].sort(([a], [b]) => (a < b ? -1 : 1)).flat(),
  ...kept.map(memberOf),
];

/** What scripts/place.ts calls settings (6). */
export function settingsArgs(settings: ChatSettings): readonly string[] {
  const mode = modeOf(settings);
  const control = (off: boolean): string =>
    JSON.stringify({ type: 'mode', mode: { ...mode, off } } satisfies Control);
  return [
    JSON.stringify(settings),
    String(settings.version),
    settings.off ? '1' : '0',
    String(settings.slowS),
    control(settings.off),
    control(true),
  ];
}

/** Until when, as scripts compare it: 0 is for good. */
export const untilOf = (ban: Ban): string => String(ban.until ?? 0);

/** As it lies on the wire; controls that are kept for those who reconnect carry the stamp of their order. */
export type Heard = Publication & { readonly stamp?: string };

/** Undefined: nothing that this program has published. */
export function heardOf(text: string): Heard | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const isMessages = 'prev' in value && 'messages' in value && Array.isArray(value.messages);
    return isMessages || 'control' in value ? (value as Heard) : undefined;
  } catch {
    return undefined;
  }
}
