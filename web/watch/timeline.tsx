import { useSignal } from '@preact/signals';
import { clockTime, spokenTime } from '../words/time.ts';
import type { Player } from './player.ts';
import { timelineStep } from './shortcuts.ts';

/**
 * The slider over the whole show. Live it counts the show's time from its start to now, in a recording
 * the media's seconds. A drag only shows where it would go; letting go goes there.
 */
export function Timeline({ player }: { readonly player: Player }) {
  const drag = useSignal<number | undefined>(undefined);
  const hover = useSignal<{ readonly share: number; readonly seconds: number } | undefined>(undefined);
  const { mode, playback, atMs } = player.state.value;
  const { nowMs, currentS, durationS } = player.meter.value;
  const recording = mode === 'recording';
  const startMs = playback?.startedAt ?? nowMs;
  const endMs = player.broadcast.value?.endedAt ?? nowMs;
  const maxS = Math.max(1, recording ? durationS : (endMs - startMs) / 1000);
  const shownAtMs = mode === 'live' && player.atEdge.value ? nowMs : (atMs ?? nowMs);
  const positionS = Math.min(maxS, Math.max(0, recording ? currentS : (shownAtMs - startMs) / 1000));
  const value = drag.value ?? positionS;

  const commit = (seconds: number): void => {
    drag.value = undefined;
    if (recording) player.seekMedia(seconds);
    else player.seekTo(startMs + seconds * 1000);
  };
  const step = (event: KeyboardEvent): void => {
    const seconds = timelineStep(event);
    if (seconds === undefined) return;
    event.preventDefault();
    commit(Math.min(maxS, Math.max(0, value + seconds)));
  };
  const point = (event: PointerEvent): void => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    hover.value = { share, seconds: share * maxS };
  };

  return (
    <div
      class="timeline"
      style={{ '--share': value / maxS }}
      onPointerMove={point}
      onPointerLeave={() => (hover.value = undefined)}
    >
      <input
        type="range"
        data-timeline
        aria-label={recording ? 'Position in the recording' : 'Position in the show, the end is live'}
        aria-valuetext={
          recording
            ? `${spokenTime(value)} of ${spokenTime(maxS)}`
            : maxS - value < 6
              ? 'live'
              : `${spokenTime(maxS - value)} behind live`
        }
        min={0}
        max={Math.round(maxS)}
        step={1}
        value={Math.round(value)}
        disabled={playback === undefined}
        onKeyDown={step}
        onInput={(event) => (drag.value = event.currentTarget.valueAsNumber)}
        onChange={(event) => commit(event.currentTarget.valueAsNumber)}
      />
      {hover.value !== undefined && (
        <output class="timeline-hint" style={{ '--share': hover.value.share }} aria-hidden="true">
          {recording || maxS - hover.value.seconds >= 6 ? clockTime(hover.value.seconds) : 'Live'}
        </output>
      )}
    </div>
  );
}
