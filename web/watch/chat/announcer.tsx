import { useSignal, type Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ChatMessage } from '../../../core/chat/message.ts';
import { announceEveryMs, announcement, type Aloud } from './announce.ts';
import type { Chat } from './chat.ts';
import { parsedOf } from './message-row.tsx';

/** More than this are only counted. */
const maxWaiting = 500;

/** Tells screen readers of new messages, every few seconds at most. */
export function Announcer({ chat, aloud }: { readonly chat: Chat; readonly aloud: Signal<Aloud> }) {
  const text = useSignal('');
  useEffect(() => {
    let waiting: ChatMessage[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const say = (): void => {
      timer = undefined;
      const me = chat.you.value;
      const said = announcement(waiting, aloud.value, (message) => parsedOf(message, me?.name).mentionsMe);
      waiting = [];
      if (said !== undefined) text.value = said;
    };
    const unhear = chat.hearNew((messages) => {
      const me = chat.you.value?.id;
      waiting = [...waiting, ...messages.filter(({ by }) => by.id !== me)].slice(-maxWaiting);
      if (waiting.length > 0) timer ??= setTimeout(say, announceEveryMs);
    });
    return () => {
      unhear();
      clearTimeout(timer);
    };
  }, [chat, aloud]);
  return (
    <div class="hidden-label" aria-live="polite" data-announcer>
      {text.value}
    </div>
  );
}
