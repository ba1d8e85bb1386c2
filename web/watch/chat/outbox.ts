/** What somebody has written that is not in the chat yet. Pure. */
import type { RefusalReason } from '../../../core/chat/refusal.ts';

export interface Unsent {
  /** Idempotency key: the same for every attempt, so that none makes a second message. */
  readonly key: string;
  readonly text: string;
  readonly atMs: number;
  readonly state: 'sending' | 'failed';
  /** Why it failed, for people. */
  readonly trouble?: string;
  readonly reason?: RefusalReason;
  /** A message that came over the socket and looks like this one, before its answer: it is not shown twice. */
  readonly seenAs?: string;
}

export type Outbox = readonly Unsent[];

/** What helps. A text that is not taken is not taken the next time either; after the end none is. */
export type Remedy = 'again' | 'edit' | 'none';

const remedies: Readonly<Record<RefusalReason, Remedy>> = {
  empty: 'edit',
  'too-long': 'edit',
  'too-many-emoji': 'edit',
  link: 'edit',
  'blocked-word': 'edit',
  'bad-characters': 'edit',
  ended: 'none',
  // Bans are lifted.
  banned: 'again',
  timeout: 'again',
  'chat-off': 'again',
  'slow-mode': 'again',
  'followers-only': 'again',
  'person-limit': 'again',
  'channel-limit': 'again',
  'platform-limit': 'again',
  unavailable: 'again',
};

/** Newer servers may refuse for reasons that this page does not know. */
export const isReason = (word: unknown): word is RefusalReason =>
  typeof word === 'string' && Object.hasOwn(remedies, word);

export const remedyFor = ({ reason }: Pick<Unsent, 'reason'>): Remedy =>
  isReason(reason) ? remedies[reason] : 'again';

export const withUnsent = (outbox: Outbox, unsent: Pick<Unsent, 'key' | 'text' | 'atMs'>): Outbox => [
  ...outbox.filter(({ key }) => key !== unsent.key),
  { ...unsent, state: 'sending' },
];

/** The API compares texts in this form, whatever was typed. */
const plain = (text: string): string => text.normalize('NFC').replaceAll(/\s+/gu, ' ').trim();

/** A message of mine came over the socket. */
export function seen(outbox: Outbox, message: { readonly id: string; readonly text: string }): Outbox {
  if (outbox.some(({ seenAs }) => seenAs === message.id)) return outbox;
  const same = outbox.find(({ text, seenAs }) => seenAs === undefined && plain(text) === plain(message.text));
  return same === undefined
    ? outbox
    : outbox.map((unsent) => (unsent === same ? { ...unsent, seenAs: message.id } : unsent));
}

function seenAs(unsent: Unsent, id: string | undefined): Unsent {
  const { seenAs: _, ...rest } = unsent;
  return id === undefined ? rest : { ...rest, seenAs: id };
}

/** The API has answered with an id. */
export function answered(outbox: Outbox, key: string, id: string): Outbox {
  const mine = outbox.find((unsent) => unsent.key === key);
  if (mine === undefined) return outbox;
  return outbox.flatMap((unsent): Outbox => {
    if (unsent === mine) return [];
    // The same text twice under way: the two were taken for each other.
    return [unsent.seenAs === id ? seenAs(unsent, mine.seenAs) : unsent];
  });
}

/** The API has said no, or nothing. Without a `reason` the message may have got through all the same. */
export function failed(
  outbox: Outbox,
  key: string,
  why: { readonly trouble: string; readonly reason?: RefusalReason },
): Outbox {
  return outbox.flatMap((unsent): Outbox => {
    if (unsent.key !== key) return [unsent];
    if (unsent.seenAs !== undefined && why.reason === undefined) return [];
    const { key: sameKey, text, atMs } = unsent;
    return [{ key: sameKey, text, atMs, state: 'failed', ...why }];
  });
}

export const without = (outbox: Outbox, key: string): Outbox => outbox.filter((unsent) => unsent.key !== key);

/** What is shown below the messages: what the socket has brought already is among them. */
export const shown = (outbox: Outbox): Outbox => outbox.filter(({ seenAs }) => seenAs === undefined);
