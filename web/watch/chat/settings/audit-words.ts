/** One line of the log for people. Pure. */
import type { AuditEntry } from '../../../../core/chat/store.ts';
import { span } from '../words.ts';
import { followersWords } from './followers-words.ts';

const settingNames: Readonly<Record<string, string>> = {
  slowS: 'slow mode',
  followersMin: 'who can write',
  off: 'chat off',
  links: 'who can post links',
  blockedWords: 'blocked words',
  maxLength: 'length of messages',
  maxEmoji: 'number of emoji',
};

/** To what: where that is short. */
function valueWords(key: string, value: unknown): string {
  if (key === 'slowS' && typeof value === 'number') return value === 0 ? ' to off' : ` to ${span(value)}`;
  if (key === 'followersMin' && value === null) return ' to everybody';
  if (key === 'followersMin' && typeof value === 'number')
    return ` to ${followersWords(value).toLowerCase()}`;
  if (key === 'links') return value === 'allowed' ? ' to everybody' : ' to moderators only';
  return key.startsWith('max') && typeof value === 'number' ? ` to ${value}` : '';
}

function doneWords({ action, name = 'somebody' }: AuditEntry): string {
  switch (action.type) {
    case 'delete':
      return action.ids.length === 1
        ? `deleted a message of ${name}`
        : `deleted ${action.ids.length} messages`;
    case 'purge':
      return `deleted all messages of ${name}`;
    case 'timeout':
      return `put ${name} in a timeout for ${span(action.forS)}`;
    case 'ban':
      return `banned ${name}`;
    case 'unban':
      return `lifted the ban of ${name}`;
    case 'moderator':
      return `made ${name} a moderator`;
    case 'no-moderator':
      return `took ${name} off the moderators`;
    default: {
      const { changes } = action;
      if (changes['off'] === true) return 'turned the chat off';
      if (changes['off'] === false) return 'turned the chat on';
      const changed = Object.entries(changes).map(
        ([key, value]) => `${settingNames[key] ?? key}${valueWords(key, value)}`,
      );
      return `changed ${changed.join(', ') || 'the settings'}`;
    }
  }
}

export const auditWords = (entry: AuditEntry): string =>
  entry.reason === undefined ? `${doneWords(entry)}.` : `${doneWords(entry)}: ${entry.reason}`;
