import { z } from 'zod';

/** Lone surrogates, controls, line and paragraph separators, and what turns the text after it around. */
const forbidden = /[\p{Cc}\p{Cs}\p{Co}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]/u;
/** At least one of these must be there: a name of spaces and joiners is no name. */
const visible = /[\p{L}\p{N}\p{P}\p{S}]/u;

const lengthOf = (text: string): number => Array.from(text).length;

/**
 * One line of text for people, as it is stored and shown: in normal form, without space at its ends.
 * Anything else of Unicode is let through, emoji and all scripts; lengths count characters, not UTF-16 units.
 */
export const line = (minimum: 0 | 1, maximum: number) =>
  z
    .string()
    .normalize('NFC')
    .trim()
    .check((context) => {
      const text = context.value;
      const say = (message: string): void => {
        context.issues.push({ code: 'custom', message, input: text });
      };
      if (forbidden.test(text)) say('must be one line of text without control characters');
      else if (lengthOf(text) > maximum)
        say(`may have ${maximum} characters and has ${lengthOf(text)}: shorten it`);
      else if (minimum === 1 && !visible.test(text)) say('must have at least one visible character');
    })
    .meta({ minLength: minimum, maxLength: maximum });
