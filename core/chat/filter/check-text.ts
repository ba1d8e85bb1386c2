import type { ChatRole } from '../message.ts';
import type { ChatRules } from '../mode.ts';
import type { RefusalReason } from '../refusal.ts';
import type { WordFilter } from './words.ts';

export type TextVerdict =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: RefusalReason; readonly detail: string };

export interface TextRules {
  readonly rules: ChatRules;
  /** Of the channel and of the platform. */
  readonly words: WordFilter;
  readonly role: ChatRole;
}

/** Weighs what somebody wants to post. The text of the answer is the one to store. */
export function checkText(text: string, { rules, words, role }: TextRules): TextVerdict {
  const plain = text.normalize('NFC').replace(/\s+/gu, ' ').trim();
  if (plain === '') return { ok: false, reason: 'empty', detail: 'Write something first.' };
  if ([...plain].length > rules.maxLength)
    return { ok: false, reason: 'too-long', detail: `At most ${rules.maxLength} characters.` };
  if (role === 'viewer' && words.hits(plain))
    return { ok: false, reason: 'blocked-word', detail: 'This channel does not allow a word in it.' };
  return { ok: true, text: plain };
}
