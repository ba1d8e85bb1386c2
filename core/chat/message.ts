/**
 * What is said in a chat. Ids are the order: 16 decimal digits, µs since 1970 of the shard's Redis, raised by
 * one where two fall together and never going back, so that comparing two ids as text tells which came first
 * on every screen, in the store and in the replay. An id is unique inside its broadcast.
 */

/** What somebody may do here. An operator may everything everywhere; the broadcaster in the own channel. */
export type ChatRole = 'viewer' | 'moderator' | 'broadcaster' | 'operator';

export const isStaff = (role: ChatRole): boolean => role !== 'viewer';

export interface ChatAuthor {
  /** Public id of a person (runtime/identity/person.ts). Never the subject of a token. */
  readonly id: string;
  readonly name: string;
  readonly role: ChatRole;
}

export interface ChatMessage {
  readonly id: string;
  /** When it was accepted: ms since 1970 by the clock of the API task. For people and for the replay, not for the order. */
  readonly at: number;
  readonly text: string;
  readonly by: ChatAuthor;
}

/**
 * Message id → hash of the idempotency key that it was posted with (runtime/bus/idempotency.ts). Beside the
 * messages and never in them: what is in a message is sent to everybody.
 */
export type MessageKeys = ReadonlyMap<string, string>;

export interface KeyedMessages {
  readonly messages: readonly ChatMessage[];
  readonly keys: MessageKeys;
}

export const messageIdPattern = /^\d{16}$/;

export const isMessageId = (text: string): boolean => messageIdPattern.test(text);

/** µs since 1970 → id. */
export const messageId = (us: number): string => String(us).padStart(16, '0');

/** ms since 1970 in which an id was given, by the clock of the shard's Redis. */
export const idTimeMs = (id: string): number => Math.floor(Number(id) / 1_000);

/** The smallest id that could be given at this time; for ranges. */
export const firstIdAt = (ms: number): string => messageId(Math.max(0, Math.floor(ms)) * 1_000);
