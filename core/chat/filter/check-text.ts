/** Weighs what somebody wants to post. */
import { isStaff, type ChatRole } from '../message.ts';
import type { ChatRules } from '../mode.ts';
import type { RefusalReason } from '../refusal.ts';
import { hasBadCharacters, isVisible, normalText } from './characters.ts';
import { count } from './emoji.ts';
import { hasLink } from './links.ts';
import type { WordFilter } from './words.ts';

export type TextVerdict =
  /** `text` is what to store: normalised. */
  | { readonly ok: true; readonly text: string }
  /** `detail` says to people what the rule is and what helps; never which words are blocked. */
  | { readonly ok: false; readonly reason: RefusalReason; readonly detail: string };

export interface TextRules {
  readonly rules: ChatRules;
  /** Of the channel and of the platform. */
  readonly words: WordFilter;
  readonly role: ChatRole;
}

/**
 * UTF-16 units for each character that people count, which may be a hundred units long. Syllables of Hindi have
 * up to 6, families of emoji 11.
 */
const unitsPerCharacter = 8;

/** Staff may post links, blocked words and as many emoji as they like; what harms the page may nobody. */
export function checkText(text: string, { rules, words, role }: TextRules): TextVerdict {
  const tooLong = refuse('too-long', `At most ${rules.maxLength} characters fit in a message. Shorten it.`);
  const mostUnits = rules.maxLength * unitsPerCharacter;
  // White space is still in it: four times as much is surely no slip.
  if (text.length > 4 * mostUnits) return tooLong;
  const normal = normalText(text);
  // Again: what normalising drops may have kept marks apart.
  if (hasBadCharacters(text) || hasBadCharacters(normal))
    return refuse(
      'bad-characters',
      'The message has control characters, or more marks on a letter than it can be read with. Type it anew as plain text.',
    );
  if (!isVisible(normal))
    return refuse('empty', 'There is nothing to be seen in the message. Write something.');
  const { characters, emoji } =
    normal.length > mostUnits ? { characters: Infinity, emoji: 0 } : count(normal);
  if (characters > rules.maxLength) return tooLong;
  if (isStaff(role)) return { ok: true, text: normal };
  if (emoji > rules.maxEmoji)
    return refuse('too-many-emoji', `At most ${rules.maxEmoji} emoji fit in a message. Take some out.`);
  if (rules.links !== 'allowed' && hasLink(normal))
    return refuse('link', 'Links are for moderators only here. Leave the address out.');
  if (words.hits(normal))
    return refuse(
      'blocked-word',
      'The message has a word or phrase that is blocked here. Say it in other words.',
    );
  return { ok: true, text: normal };
}

const refuse = (reason: RefusalReason, detail: string): TextVerdict => ({ ok: false, reason, detail });
