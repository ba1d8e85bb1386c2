import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { wordsOf } from '../../api/ask.ts';
import type { ChatApi } from '../../api/chat.ts';
import { Icon } from '../../design/icons.tsx';
import type { Chat } from './chat.ts';

export interface FollowProps {
  readonly chat: Chat;
  readonly api: ChatApi;
  readonly channelId: string;
  readonly clock: { now(): number };
}

export async function follow({ chat, api, channelId, clock }: FollowProps): Promise<void> {
  await api.follow(channelId);
  chat.followedSince.value ??= clock.now();
}

/** Only for those who are signed in, and once it is known how they stand. */
export function Follow(props: FollowProps) {
  const { chat, api, channelId } = props;
  const trouble = useSignal<string | undefined>(undefined);
  const isBusy = useSignal(false);
  useEffect(() => {
    if (chat.signedIn) void chat.loadView();
  }, [chat]);
  const { value: view } = chat.view;
  // One's own channel is nothing to follow.
  if (view?.you === undefined || view.you.role === 'broadcaster') return null;
  const isFollowing = chat.followedSince.value !== undefined;
  const change = async (): Promise<void> => {
    isBusy.value = true;
    trouble.value = undefined;
    try {
      if (isFollowing) {
        await api.unfollow(channelId);
        chat.followedSince.value = undefined;
      } else await follow(props);
    } catch (error) {
      trouble.value = wordsOf(error);
    }
    isBusy.value = false;
  };
  return (
    <>
      <button
        type="button"
        class={isFollowing ? 'button' : 'button primary'}
        aria-pressed={isFollowing}
        data-control="follow"
        disabled={isBusy.value}
        onClick={() => void change()}
      >
        <Icon name={isFollowing ? 'check' : 'heart'} />
        {isFollowing ? 'Following' : 'Follow'}
      </button>
      <span class="hidden-label" role="status">
        {trouble.value}
      </span>
    </>
  );
}
