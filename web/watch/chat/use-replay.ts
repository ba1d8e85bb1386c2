import { useSignal, useSignalEffect, type ReadonlySignal, type Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ChatMessage } from '../../../core/chat/message.ts';
import { chatIndexKey } from '../../../core/chat/replay.ts';
import type { Chat } from './chat.ts';
import { isRemoved } from './lines.ts';
import type { Picture } from './picture.ts';
import { createReplay, type Replay } from './replay-loader.ts';

/** What was said until the picture's moment, as long as the picture is not live. */
export function useReplay(
  chat: Chat,
  picture: Picture,
): ReadonlySignal<readonly ChatMessage[]> & Signal<readonly ChatMessage[]> {
  const messages = useSignal<readonly ChatMessage[]>([]);
  const replay = useSignal<Replay | undefined>(undefined);
  const isLive = picture.view.value === 'live';
  useEffect(() => {
    if (isLive) return undefined;
    let made: Replay | undefined;
    let isOver = false;
    const make = (): void => {
      if (isOver) return;
      const address = chat.view.value?.replay ?? `/${chatIndexKey(chat.broadcastId)}`;
      made = createReplay({
        url: new URL(address, location.origin).href,
        fetch: (url) => fetch(url, { credentials: 'include' }),
        live: () => chat.lines.value.messages,
        me: () => chat.you.value?.id,
        stopwatch: performance,
        random: Math.random,
      });
      replay.value = made;
    };
    if (chat.view.value === undefined) void chat.loadView().then(make);
    else make();
    return () => {
      isOver = true;
      made?.destroy();
      replay.value = undefined;
      messages.value = [];
    };
  }, [chat, isLive]);
  useSignalEffect(() => {
    const atMs = picture.atMs.value;
    if (replay.value === undefined || atMs === undefined) return;
    replay.value.show(atMs);
    const found = replay.value.messages.value;
    // What was deleted from here: the archive says so some seconds later, and of a recording it is not asked again.
    const { removed } = chat.lines.value;
    const isWhole = found.every((message) => !isRemoved(removed, message));
    messages.value = isWhole ? found : found.filter((message) => !isRemoved(removed, message));
  });
  return messages;
}
