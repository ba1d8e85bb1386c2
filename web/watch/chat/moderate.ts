/** Does what a menu or a dialog decided about a message, and says what came of it. */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { ChatMessage } from '../../../core/chat/message.ts';
import { wordsOf } from '../../api/ask.ts';
import type { ChatApi } from '../../api/chat.ts';
import type { Chat } from './chat.ts';
import type { Act } from './menu-items.ts';
import { span } from './words.ts';

export interface Moderation {
  /** The last thing that was done, or why it was not. */
  readonly news: ReadonlySignal<{ readonly text: string; readonly isTrouble: boolean } | undefined>;
  /** Says why something else did not work. */
  readonly complain: (error: unknown) => void;
  readonly run: (act: Exclude<Act, { do: 'mention' }>, message: ChatMessage) => Promise<void>;
}

const newsForMs = 5_000;

export function createModeration(chat: Chat, api: ChatApi, channelId: string): Moderation {
  const news = signal<{ readonly text: string; readonly isTrouble: boolean } | undefined>(undefined);
  let timer: ReturnType<typeof setTimeout> | undefined;

  function say(text: string, isTrouble: boolean): void {
    clearTimeout(timer);
    news.value = { text, isTrouble };
    timer = setTimeout(() => (news.value = undefined), newsForMs);
  }

  async function doIt(act: Exclude<Act, { do: 'mention' }>, message: ChatMessage): Promise<string> {
    const { by, id } = message;
    switch (act.do) {
      case 'delete':
        await api.remove(chat.broadcastId, id);
        chat.hide([id]);
        return 'Message deleted.';
      case 'purge':
        await api.purge(chat.broadcastId, by.id, by.name);
        chat.hideAllOf(by.id);
        return `All messages of ${by.name} deleted.`;
      case 'timeout':
        await api.ban(channelId, by.id, { forS: act.forS, name: by.name });
        return `${by.name} can’t write for ${span(act.forS)}.`;
      case 'ban':
        await api.ban(channelId, by.id, { name: by.name });
        return `${by.name} is banned.`;
      default:
        await api.addModerator(channelId, by.id, by.name);
        return `${by.name} is a moderator now.`;
    }
  }

  return {
    news,
    complain: (error) => say(wordsOf(error), true),
    async run(act, message) {
      try {
        say(await doIt(act, message), false);
      } catch (error) {
        say(wordsOf(error), true);
      }
    },
  };
}
