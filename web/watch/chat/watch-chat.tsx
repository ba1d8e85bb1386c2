import { signal, useSignalEffect } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { ChatApi } from '../../api/chat.ts';
import { lazyPart } from '../../design/lazy-part.tsx';
import type { Player } from '../player.ts';
import type { Chat } from './chat.ts';
import type { Choices } from './choices.ts';
import { follow } from './follow.tsx';
import { pictureOf } from './picture.ts';
import { useReplay } from './use-replay.ts';

const ChatColumn = lazyPart(() => import('./chat-column.tsx').then((part) => part.ChatColumn));

/** The chat does not wait longer than this for a picture that may never come. */
const pictureFirstMs = 5_000;

/**
 * Keeps the chat of a show connected, and draws it where it is shown. It stays connected where it is hidden:
 * viewers are counted by their chats.
 */
export function WatchChat(props: {
  readonly player: Player;
  readonly chat: Chat;
  readonly chatApi: ChatApi;
  readonly clock: { now(): number };
  readonly choices: Choices;
  readonly isShown: boolean;
  readonly enter: () => Promise<void>;
}) {
  const { player, chat, chatApi, clock, choices } = props;
  const picture = useMemo(() => pictureOf(player), [player]);
  const replayed = useReplay(chat, picture);
  const wait = useMemo(() => waitForPicture(), [player]);
  useEffect(() => wait.destroy, [wait]);
  useSignalEffect(() => {
    if (player.state.value.phase === 'playing') wait.over.value = true;
    const show = player.broadcast.value;
    if (!wait.over.value || show === undefined) return;
    if (picture.ended.value) chat.connection.end();
    else chat.connection.setPath(show.chat?.path);
  });
  const channelId = player.broadcast.value?.channelId;
  if (!props.isShown) return null;
  if (channelId === undefined) return <div class="chat" />;
  const followProps = { chat, api: chatApi, channelId, clock };
  return (
    <ChatColumn
      chat={chat}
      picture={picture}
      api={chatApi}
      channelId={channelId}
      replayed={replayed}
      clock={clock}
      aloud={choices.aloud}
      signIn={() => void props.enter().catch(() => undefined)}
      follow={() => follow(followProps)}
      hide={() => (choices.isShown.value = false)}
    />
  );
}

function waitForPicture() {
  const over = signal(false);
  const timer = setTimeout(() => (over.value = true), pictureFirstMs);
  return { over, destroy: () => clearTimeout(timer) };
}
