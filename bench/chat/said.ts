/**
 * What is said in the benches. Each message carries the moment at which it was due, not at which the server got
 * round to it, so that waiting in the server counts; and exactly one byte that stands nowhere else, by which
 * a client counts messages without reading them.
 */
import { createHash } from 'node:crypto';
import { messageId, type ChatMessage } from '../../core/chat/message.ts';

/** ASCII, and in none of the other texts of the protocol. */
export const countedByte = '~'.charCodeAt(0);

/** A channel's regulars: ids as random as real ones, or compressing would find more than there is. */
const people = Array.from({ length: 500 }, (_, n) => {
  const id = createHash('sha256').update(String(n)).digest('hex').slice(0, 20);
  return { id, name: `viewer-${id.slice(0, 4)}`, role: 'viewer' } as const;
});
/** As people write, so that compressing finds what it finds in a chat. */
const words =
  'wow nice play lets go haha gg what a shot no way this song again hello from osaka ganbare sugoi kita same here lol where is the link first time watching love it so close next one please'.split(
    ' ',
  );

export interface Speaker {
  /** @param dueMs wall clock, ms since 1970. */
  say(dueMs: number): ChatMessage;
}

/** @param lengthBytes of the message as JSON; its frame has to have room for what is always in it. */
export function createSpeaker(lengthBytes: number): Speaker {
  let lastUs = 0;
  let turn = 0;
  const textOf = (dueMs: number, length: number): string => {
    let text = `~${dueMs.toFixed(1)}`;
    while (text.length < length) {
      turn += 1;
      // 7: not a divisor of the number of words, so that lines differ.
      text += ` ${words[(turn * 7 + (turn >> 4)) % words.length] ?? ''}`;
    }
    return text.slice(0, Math.max(length, 15));
  };
  return {
    say(dueMs) {
      lastUs = Math.max(lastUs + 1, Math.floor(dueMs * 1_000));
      turn += 1;
      // 131: not a divisor of the number of people, so that they take turns in no order that shows.
      const by = people[(turn * 131) % people.length] as ChatMessage['by'];
      const message = { id: messageId(lastUs), at: Math.floor(dueMs), text: '', by };
      const room = lengthBytes - JSON.stringify(message).length;
      return { ...message, text: textOf(dueMs, room) };
    },
  };
}

/** When a message was due, from its text. */
export const dueOf = (text: string): number => Number(/~(\d+\.\d)/.exec(text)?.[1]);
