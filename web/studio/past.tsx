import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { BroadcastView } from '../../core/api/types.ts';
import { wordsOf, type Api } from '../api/client.ts';
import { titleOf } from '../show/title.ts';
import { clockTime, day } from '../words/time.ts';
import { VisibilityField } from './fields.tsx';

/** The channel's ended shows with their links; who may see one can be changed afterwards. */
export function Past(props: { readonly api: Api; readonly channelId: string; readonly changed: string }) {
  const { api, channelId } = props;
  const shows = useSignal<readonly BroadcastView[] | undefined>(undefined);
  const cursor = useSignal<string | undefined>(undefined);
  const said = useSignal('');

  const load = async (from?: string): Promise<void> => {
    try {
      const page = await api.channelBroadcasts(channelId, from);
      shows.value = from === undefined ? page.broadcasts : [...(shows.value ?? []), ...page.broadcasts];
      cursor.value = page.nextCursor;
    } catch (error) {
      said.value = wordsOf(error);
    }
  };
  // A show that has just ended changes `changed`.
  useEffect(() => void load(), [channelId, props.changed]);

  const setVisibility = async (
    show: BroadcastView,
    visibility: BroadcastView['visibility'],
  ): Promise<void> => {
    said.value = 'Saving …';
    try {
      const next = await api.changeBroadcast(show.broadcastId, { visibility });
      shows.value = shows.value?.map((each) => (each.broadcastId === next.broadcastId ? next : each));
      said.value = `Saved: ${titleOf(next)} is ${next.visibility}`;
    } catch (error) {
      said.value = `Not saved. ${wordsOf(error)}`;
    }
  };

  const ended = shows.value?.filter(({ state }) => state === 'ended') ?? [];
  return (
    <section class="panel" aria-labelledby="past-title">
      <div class="panel-head">
        <h2 id="past-title">Past shows</h2>
        <p class="save-state" role="status">
          {said.value}
        </p>
      </div>
      {ended.length === 0 ? (
        <p class="muted">{shows.value === undefined ? 'Loading …' : 'Shows that have ended appear here.'}</p>
      ) : (
        <ul class="past">
          {ended.map((show) => (
            <li key={show.broadcastId}>
              <a href={`/watch/${encodeURIComponent(show.broadcastId)}`}>{titleOf(show)}</a>
              <span class="muted">
                {day(show.startedAt)}
                {show.durationS !== undefined && ` · ${clockTime(show.durationS)}`}
              </span>
              <VisibilityField
                bare
                label={`Who can watch ${titleOf(show)}`}
                value={show.visibility}
                change={(visibility) => void setVisibility(show, visibility)}
              />
            </li>
          ))}
        </ul>
      )}
      {cursor.value !== undefined && (
        <button type="button" class="button more" onClick={() => void load(cursor.value)}>
          Show more
        </button>
      )}
    </section>
  );
}
