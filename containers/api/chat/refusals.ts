import type { Refusal, RefusalReason } from '../../../core/chat/refusal.ts';
import { HttpProblem } from '../problems.ts';

/** 403 for what stays so, 429 for what passes, 422 for a text that is not taken (core/api/chat.ts). */
const statuses: Readonly<Record<RefusalReason, number>> = {
  banned: 403,
  timeout: 429,
  'chat-off': 403,
  'slow-mode': 429,
  'followers-only': 403,
  ended: 409,
  empty: 422,
  'too-long': 422,
  'too-many-emoji': 422,
  link: 422,
  'blocked-word': 422,
  'bad-characters': 422,
  'person-limit': 429,
  'channel-limit': 429,
  'platform-limit': 429,
  unavailable: 503,
};

const words: Readonly<Record<RefusalReason, string>> = {
  banned: 'You are banned from this chat: you can read, but not write.',
  timeout: 'A moderator has put you on a pause.',
  'chat-off': 'The chat is switched off at the moment: only the staff can write.',
  'slow-mode': 'The chat is in slow mode: everybody waits between two messages.',
  'followers-only': 'Only followers of this channel can write here: follow it first.',
  ended: 'This broadcast has ended, and its chat with it.',
  empty: 'There is nothing to read in this message: write something.',
  'too-long': 'This message is too long: shorten it.',
  'too-many-emoji': 'There are too many emoji in this message: leave some out.',
  link: 'Links can’t be posted here: leave them out.',
  'blocked-word': 'This message has words in it that are not wanted here.',
  'bad-characters': 'This message has characters in it that can’t be shown: leave them out.',
  'person-limit': 'You write faster than anybody can read.',
  'channel-limit': 'Too many people write here at once.',
  'platform-limit': 'More is being written everywhere than can be shown.',
  unavailable: 'The chat can’t take messages right now. Yours was not posted.',
};

/** For who is turned away without a known time: long enough to matter, short enough for patience. */
const someTimeMs = 5_000;

const retryHeader = (ms: number): Readonly<Record<string, string>> => ({
  'retry-after': String(Math.max(1, Math.ceil(ms / 1_000))),
});

function span(ms: number): string {
  const s = Math.max(1, Math.ceil(ms / 1_000));
  if (s < 120) return s === 1 ? '1 second' : `${s} seconds`;
  const minutes = Math.ceil(s / 60);
  if (minutes < 120) return `${minutes} minutes`;
  const hours = Math.ceil(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.ceil(hours / 24)} days`;
}

/** A post that is not taken: what, why, and when again. */
export function refused(
  reason: RefusalReason,
  more: { readonly retryAfterMs?: number | undefined; readonly detail?: string } = {},
): HttpProblem {
  // A follower who has to wait is not one who has to follow.
  const passes = statuses[reason] === 429 || reason === 'unavailable' || more.retryAfterMs !== undefined;
  const status = statuses[reason] === 403 && more.retryAfterMs !== undefined ? 429 : statuses[reason];
  const retryAfterMs = passes ? Math.max(1, Math.ceil(more.retryAfterMs ?? someTimeMs)) : undefined;
  const refusal: Refusal = { reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  const detail = more.detail ?? words[reason];
  return new HttpProblem(
    status,
    retryAfterMs === undefined ? detail : `${detail} You can try again in ${span(retryAfterMs)}.`,
    { chat: refusal, ...(retryAfterMs === undefined ? {} : { headers: retryHeader(retryAfterMs) }) },
  );
}
