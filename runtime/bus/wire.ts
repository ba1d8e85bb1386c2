/** How messages, settings and bans are written for the scripts, and read again. */
import { createHash } from 'node:crypto';
import type { Publication } from '../../core/chat/bus.ts';
import type { ChatMessage } from '../../core/chat/message.ts';
import { modeOf, type Ban, type ChatSettings } from '../../core/chat/mode.ts';
import type { Control } from '../../core/chat/protocol.ts';

/** `<id> <person> <JSON>`: scripts find what they need without parsing. */
export const memberOf = (message: ChatMessage): string =>
  `${message.id} ${message.by.id} ${JSON.stringify(message)}`;

/** @throws SyntaxError */
export const messageOf = (member: string): ChatMessage =>
  // Only memberOf's own texts are in there.
  JSON.parse(member.slice(member.indexOf(' ', 17) + 1)) as ChatMessage;

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

/** A key comes from a client: of any length, with any bytes, and only unique for its person. `-`: none. */
export const hashOf = (personId: string, idempotencyKey: string | undefined): string =>
  idempotencyKey === undefined
    ? '-'
    : createHash('sha256').update(`${personId}\0${idempotencyKey}`).digest('base64url').slice(0, 22);

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
