import type { Signal } from '@preact/signals';
import { Icon } from '../design/icons.tsx';
import { bitrate, clockTime, delay } from '../words/time.ts';
import { Menu } from './menu.tsx';
import type { Player } from './player.ts';
import { levelName, shortSide } from './quality.ts';
import type { Sound } from './sound.ts';
import { Timeline } from './timeline.tsx';

const speeds = [0.5, 0.75, 1, 1.25, 1.5, 2] as const;

export interface ControlsProps {
  readonly player: Player;
  readonly sound: Sound;
  readonly speed: Signal<number>;
  readonly full: Signal<boolean>;
  readonly toggleFull: () => void;
  readonly showHelp: () => void;
}

export const Controls = ({ player, sound, speed, full, toggleFull, showHelp }: ControlsProps) => (
  <div class="controls" role="group" aria-label="Player">
    <Timeline player={player} />
    <div class="controls-row">
      <button
        type="button"
        class="control"
        aria-label={player.paused.value ? 'Play' : 'Pause'}
        title={player.paused.value ? 'Play (k)' : 'Pause (k)'}
        data-control="play"
        onClick={player.togglePlay}
      >
        <Icon name={player.paused.value ? 'play' : 'pause'} />
      </button>
      <SoundControl sound={sound} />
      <Where player={player} />
      <span class="controls-space" />
      {player.state.value.mode === 'recording' && (
        <Menu
          name="speed"
          label="Speed"
          choices={speeds.map((value) => ({ value, label: value === 1 ? 'Normal' : `${value}×` }))}
          chosen={speed.value}
          choose={(value) => (speed.value = value)}
        >
          {speed.value}×
        </Menu>
      )}
      <QualityControl player={player} />
      <button
        type="button"
        class="control control-wide"
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
        onClick={showHelp}
      >
        <Icon name="help" />
      </button>
      <button
        type="button"
        class="control"
        aria-label={full.value ? 'Leave full screen' : 'Full screen'}
        title={full.value ? 'Leave full screen (f)' : 'Full screen (f)'}
        data-control="full"
        onClick={toggleFull}
      >
        <Icon name={full.value ? 'unfull' : 'full'} />
      </button>
    </div>
  </div>
);

const SoundControl = ({ sound }: { readonly sound: Sound }) => (
  <div class="sound">
    <button
      type="button"
      class="control"
      aria-label={sound.muted.value ? 'Sound on' : 'Sound off'}
      title={sound.muted.value ? 'Sound on (m)' : 'Sound off (m)'}
      data-control="mute"
      onClick={sound.toggle}
    >
      <Icon name={sound.muted.value ? 'muted' : 'sound'} />
    </button>
    <input
      type="range"
      class="volume"
      aria-label="Volume"
      min={0}
      max={1}
      step={0.05}
      value={sound.muted.value ? 0 : sound.volume.value}
      style={{ '--share': sound.muted.value ? 0 : sound.volume.value }}
      onInput={(event) => sound.set(event.currentTarget.valueAsNumber)}
    />
  </div>
);

/** Where one is: the delay and the way to the edge while live, times in a recording. */
function Where({ player }: { readonly player: Player }) {
  const { mode, phase, broadcast } = player.state.value;
  const { delayMs, currentS, durationS } = player.meter.value;
  if (mode === 'recording')
    return (
      <span class="where">
        {clockTime(currentS)} <span class="muted">/ {clockTime(durationS)}</span>
      </span>
    );
  // There is no edge to go to.
  if (broadcast === 'ended' || (mode === 'live' && phase !== 'playing' && phase !== 'loading')) return null;
  return (
    <>
      <button
        type="button"
        class={`go-live ${player.atEdge.value ? 'at-edge' : ''}`}
        aria-pressed={player.atEdge.value}
        title={player.atEdge.value ? 'This is the newest picture' : 'Go live (l)'}
        data-control="live"
        onClick={player.goLive}
      >
        <span class="dot" aria-hidden="true" />
        {player.atEdge.value ? 'Live' : 'Go live'}
      </button>
      {delayMs !== undefined && phase === 'playing' && (
        <span class="where" data-delay title="From the camera’s upload to your screen">
          {delay(delayMs)}
          <span class="wide-only"> behind</span>
        </span>
      )}
    </>
  );
}

function QualityControl({ player }: { readonly player: Player }) {
  const levels = player.levels.value;
  const { level } = player.meter.value;
  if (levels.length === 0) return null;
  const now = level === undefined ? '' : levelName(level);
  const auto = player.wish.value === 'auto';
  return (
    <Menu
      name="quality"
      label="Quality"
      choices={[
        { value: 'auto', label: 'Auto', ...(auto && now !== '' ? { note: now } : {}) },
        ...levels.toReversed().map((each) => ({
          value: String(shortSide(each)),
          label: levelName(each),
          note: bitrate(each.bitrateBps),
        })),
      ]}
      chosen={String(player.wish.value)}
      choose={(value) => player.setWish(value === 'auto' ? 'auto' : Number(value))}
    >
      <Icon name="quality" />
      <span data-quality>
        {auto && <span class={now === '' ? '' : 'wide-only'}>Auto </span>}
        {now}
      </span>
    </Menu>
  );
}
