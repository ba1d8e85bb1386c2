import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../design/icons.tsx';
import { Controls } from './controls.tsx';
import { Help } from './help.tsx';
import { overlayFor, type OverlayChoice } from './messages.ts';
import type { Player } from './player.ts';
import { shortSide } from './quality.ts';
import { actionFor, type Action, type Focus } from './shortcuts.ts';
import type { Sound } from './sound.ts';

interface PhoneVideo extends HTMLVideoElement {
  /** iPhones put only the video itself on the full screen. */
  webkitEnterFullscreen?(): void;
}

export interface PlayerViewProps {
  readonly video: HTMLVideoElement;
  readonly player: Player;
  readonly sound: Sound;
  /** Undefined for somebody who is signed in. */
  readonly signIn: (() => Promise<void>) | undefined;
}

/** Controls go after so long without a move, while the picture runs. */
const idleMs = 3_000;

export function PlayerView({ video, player, sound, signIn }: PlayerViewProps) {
  const root = useRef<HTMLDivElement>(null);
  const screen = useRef<HTMLDivElement>(null);
  const full = useSignal(false);
  const help = useSignal(false);
  const speed = useSignal(1);
  const idle = useSignal(false);
  const state = player.state.value;
  const meter = player.meter.value;

  useEffect(() => {
    screen.current?.prepend(video);
    const onFull = (): void => {
      full.value = document.fullscreenElement === root.current;
    };
    document.addEventListener('fullscreenchange', onFull);
    return () => document.removeEventListener('fullscreenchange', onFull);
  }, [video]);

  useSignalEffect(() => {
    const rate = player.state.value.mode === 'recording' ? speed.value : 1;
    // hls.js itself sets the rate at the live edge: only a recording's is the viewer's.
    if (player.state.value.mode === 'recording') {
      video.defaultPlaybackRate = rate;
      video.playbackRate = rate;
    }
  });

  const toggleFull = (): void => {
    if (document.fullscreenElement !== null) void document.exitFullscreen();
    else if (root.current?.requestFullscreen !== undefined)
      root.current.requestFullscreen().catch(() => undefined);
    else (video as PhoneVideo).webkitEnterFullscreen?.();
  };

  const act = (action: Action): void => {
    switch (action.do) {
      case 'toggle-play':
        return player.togglePlay();
      case 'toggle-mute':
        return sound.toggle();
      case 'toggle-full':
        return toggleFull();
      case 'live':
        return player.goLive();
      case 'help':
        help.value = true;
        return undefined;
      case 'seek':
        return player.seekBy(action.seconds);
      case 'volume':
        return sound.set(sound.volume.value + action.by);
    }
  };

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || document.querySelector('dialog[open]') !== null) return;
      const action = actionFor(event, focusOf(event.target));
      if (action === undefined) return;
      event.preventDefault();
      wake();
      act(action);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [player]);

  const idleTimer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  function wake(): void {
    idle.value = false;
    clearTimeout(idleTimer.current);
    idleTimer.current = setTimeout(() => (idle.value = true), idleMs);
  }

  const overlay = overlayFor(state, signIn !== undefined);
  const busy = state.phase !== 'playing' || player.paused.value || help.value;
  return (
    <div
      class={`player ${idle.value && !busy ? 'player-idle' : ''}`}
      ref={root}
      data-player
      data-state={state.phase}
      data-mode={state.mode}
      data-level={meter.level === undefined ? '' : shortSide(meter.level)}
      data-max-level={meter.maxLevel === undefined ? '' : shortSide(meter.maxLevel)}
      data-delay-ms={meter.delayMs === undefined ? '' : Math.round(meter.delayMs)}
      data-source={state.source?.kind ?? ''}
      data-paused={String(player.paused.value)}
      onPointerMove={wake}
      onPointerDown={wake}
      onFocusCapture={wake}
    >
      <div
        class="screen"
        ref={screen}
        onClick={(event) => {
          // A tap on a phone only shows the controls; a click of a mouse plays and pauses.
          if (event.target === video && matchMedia('(hover: hover)').matches) player.togglePlay();
        }}
        onDblClick={(event) => event.target === video && toggleFull()}
      />
      <div
        class={`overlay ${overlay?.title === undefined ? 'overlay-quiet' : ''}`}
        role="status"
        aria-live="polite"
      >
        {overlay?.spinner === true && <span class="spinner" aria-label="Loading" />}
        {overlay?.title !== undefined && <p class="overlay-title">{overlay.title}</p>}
        {overlay?.text !== undefined && <p class="overlay-text">{overlay.text}</p>}
        {overlay !== undefined && overlay.actions.length > 0 && (
          <div class="overlay-actions">
            {overlay.actions.map((action) => (
              <OverlayAction key={action} action={action} player={player} signIn={signIn} />
            ))}
          </div>
        )}
      </div>
      {player.blocked.value !== undefined && overlay?.title === undefined && (
        <button
          type="button"
          class="tap-for-sound"
          data-control="unblock"
          onClick={() => {
            video.muted = false;
            player.play();
          }}
        >
          <Icon name={player.blocked.value === 'sound' ? 'muted' : 'play'} />
          {player.blocked.value === 'sound' ? 'Tap for sound' : 'Tap to play'}
        </button>
      )}
      {state.trouble !== 'not-found' && (
        <Controls
          player={player}
          sound={sound}
          speed={speed}
          full={full}
          toggleFull={toggleFull}
          showHelp={() => (help.value = true)}
        />
      )}
      <Help open={help} />
    </div>
  );
}

function OverlayAction(props: {
  readonly action: OverlayChoice;
  readonly player: Player;
  readonly signIn: (() => Promise<void>) | undefined;
}) {
  const { action, player, signIn } = props;
  switch (action) {
    case 'recording': {
      const again = player.state.value.mode === 'recording';
      return (
        <button
          type="button"
          class="button primary"
          data-control="recording"
          onClick={() => player.watchRecording(again)}
        >
          {again ? 'Watch again' : 'Watch the recording'}
        </button>
      );
    }
    case 'retry':
      return (
        <button type="button" class="button primary" onClick={player.retry}>
          Try again
        </button>
      );
    case 'sign-in':
      return signIn === undefined ? null : <SignInButton signIn={signIn} />;
    default:
      return (
        <a class="button" href="/">
          See what is live
        </a>
      );
  }
}

function SignInButton({ signIn }: { readonly signIn: () => Promise<void> }) {
  const at = useSignal<'rest' | 'leaving' | 'failed'>('rest');
  const begin = async (): Promise<void> => {
    at.value = 'leaving';
    try {
      await signIn();
    } catch {
      at.value = 'failed';
    }
  };
  return (
    <button
      type="button"
      class="button primary"
      data-control="sign-in"
      disabled={at.value === 'leaving'}
      onClick={() => void begin()}
    >
      {at.value === 'failed' ? 'The sign-in doesn’t answer. Try again' : 'Sign in'}
    </button>
  );
}

function focusOf(target: EventTarget | null): Focus {
  if (!(target instanceof HTMLElement)) return 'other';
  // The chat goes by the keys itself: an arrow on a line must not seek.
  if (target.closest('[data-own-keys]') !== null) return 'text';
  if (target instanceof HTMLInputElement) return target.type === 'range' ? 'slider' : 'text';
  if (target.matches('textarea, select, [contenteditable]')) return 'text';
  return target.closest('button, a, summary') === null ? 'other' : 'button';
}
