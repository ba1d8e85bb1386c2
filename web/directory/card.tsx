import type { BroadcastView } from '../../core/api/types.ts';
import { LiveBadge } from '../design/live-badge.tsx';
import { titleOf } from '../show/title.ts';
import { watching } from '../words/count.ts';
import { clockTime, day, spokenTime } from '../words/time.ts';
import { Thumbnail } from './thumbnail.tsx';

/** One show. The whole card is one link, named by its title. */
export function Card({ show, nowMs }: { readonly show: BroadcastView; readonly nowMs: number }) {
  const live = show.state !== 'ended';
  const seconds = live ? (nowMs - show.startedAt) / 1000 : show.durationS;
  return (
    <li class="card">
      <a href={`/watch/${encodeURIComponent(show.broadcastId)}`} data-broadcast={show.broadcastId}>
        <Thumbnail address={show.thumbnail} live={live} />
        <span class="card-marks">
          <LiveBadge state={show.state} />
          {seconds !== undefined && (
            <time
              class="badge badge-time"
              aria-label={`${live ? 'running for' : 'length'} ${spokenTime(seconds)}`}
            >
              {clockTime(seconds)}
            </time>
          )}
        </span>
        <span class="card-words">
          <strong class="card-title">{titleOf(show)}</strong>
          <span class="card-line">
            <span class="channel">{show.channelName}</span>
            {live && show.viewers !== undefined && (
              <span class="muted" title={`${show.viewers} watching`}>
                {watching(show.viewers)}
              </span>
            )}
            {!live && <span class="muted">{day(show.startedAt)}</span>}
          </span>
        </span>
      </a>
    </li>
  );
}
