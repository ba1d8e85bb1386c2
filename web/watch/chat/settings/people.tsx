import { useSignal, type Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Ban } from '../../../../core/chat/mode.ts';
import type { Moderator } from '../../../../core/chat/store.ts';
import { wordsOf } from '../../../api/ask.ts';
import type { ChatApi } from '../../../api/chat.ts';
import { day } from '../../../words/time.ts';
import { timeOfDay } from '../words.ts';

/** Moderators and bans of a channel. */
export function People(props: {
  readonly api: ChatApi;
  readonly channelId: string;
  readonly mayAppoint: boolean;
}) {
  const { api, channelId } = props;
  const moderators = useSignal<readonly Moderator[] | undefined>(undefined);
  const bans = useSignal<readonly Ban[] | undefined>(undefined);
  const trouble = useSignal<string | undefined>(undefined);
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    trouble.value = undefined;
    try {
      await work();
    } catch (error) {
      trouble.value = wordsOf(error);
    }
  };
  useEffect(
    () =>
      void attempt(async () => {
        const [found, banned] = await Promise.all([api.moderators(channelId), api.bans(channelId)]);
        moderators.value = found.moderators;
        bans.value = banned.bans;
      }),
    [api, channelId],
  );
  const without = <T extends { readonly personId: string }>(
    list: Signal<readonly T[] | undefined>,
    id: string,
  ): void => {
    list.value = list.value?.filter(({ personId }) => personId !== id);
  };
  return (
    <div class="settings-page">
      {trouble.value !== undefined && (
        <p class="notice notice-warn" role="alert">
          {trouble.value}
        </p>
      )}
      <h3>Moderators</h3>
      <p class="muted">
        {props.mayAppoint
          ? 'Make somebody a moderator in the menu of one of their messages.'
          : 'The broadcaster chooses them.'}
      </p>
      {moderators.value?.length === 0 && <p>There are none.</p>}
      <ul class="people">
        {moderators.value?.map(({ personId, name, at }) => (
          <li key={personId}>
            <span>
              <bdi>{name}</bdi> <span class="muted">since {day(at)}</span>
            </span>
            {props.mayAppoint && (
              <button
                type="button"
                class="button"
                aria-label={`Remove moderator ${name}`}
                onClick={() =>
                  void attempt(async () => {
                    await api.removeModerator(channelId, personId);
                    without(moderators, personId);
                  })
                }
              >
                Remove
              </button>
            )}
          </li>
        ))}
      </ul>
      <h3>Bans and timeouts</h3>
      {bans.value?.length === 0 && <p>Nobody is banned.</p>}
      <ul class="people">
        {bans.value?.map(({ personId, name, until, reason }) => (
          <li key={personId}>
            <span>
              <bdi>{name}</bdi>{' '}
              <span class="muted">
                {until === undefined ? 'for good' : `until ${day(until)}, ${timeOfDay(until)}`}
                {reason !== undefined && `: ${reason}`}
              </span>
            </span>
            <button
              type="button"
              class="button"
              aria-label={`Lift the ban of ${name}`}
              onClick={() =>
                void attempt(async () => {
                  await api.unban(channelId, personId);
                  without(bans, personId);
                })
              }
            >
              Lift
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
