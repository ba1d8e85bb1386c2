import { useEffect, useState } from 'preact/hooks';
import { measureOffset } from '../api/clock.ts';
import { CopyButton } from '../design/copy-button.tsx';
import { Frame } from '../design/frame.tsx';
import { LiveBadge } from '../design/live-badge.tsx';
import { createHere, type Here } from '../session/here.ts';
import { titleOf } from '../show/title.ts';
import { ago, day } from '../words/time.ts';
import { createHlsEngine, hlsSupported } from './hls-engine.ts';
import { createNativeEngine } from './native-engine.ts';
import { createPlayer, type Player } from './player.ts';
import { PlayerView } from './player-view.tsx';
import { createSound, type Sound } from './sound.ts';

interface Parts {
  readonly video: HTMLVideoElement;
  readonly player: Player;
  readonly sound: Sound;
  readonly signIn: (() => Promise<void>) | undefined;
}

/** Back to this address. The OIDC library is loaded only by those who want it. */
async function enter(here: Here): Promise<void> {
  const { signInHere } = await import('../session/sign-in-here.ts');
  await signInHere(here).begin(location.pathname);
}

function createParts(broadcastId: string): Parts & { readonly destroy: () => void } {
  const here = createHere();
  const { api } = here;
  const video = document.createElement('video');
  video.playsInline = true;
  video.preload = 'auto';
  video.setAttribute('aria-label', 'Video');
  let offsetMs = 0;
  // Until it is known the viewer's own clock is taken; nothing waits for it.
  void measureOffset(api, Date).then((measured) => (offsetMs = measured));
  const sound = createSound(video, localStorage);
  const player = createPlayer({
    broadcastId,
    video,
    api,
    createEngine: (events) =>
      hlsSupported() ? createHlsEngine(video, events) : createNativeEngine(video, events),
    clock: { now: () => Date.now() + offsetMs },
    stopwatch: performance,
    random: Math.random,
  });
  const onVisibility = (): void => player.setHidden(document.hidden);
  document.addEventListener('visibilitychange', onVisibility);
  onVisibility();
  player.start();
  return {
    video,
    player,
    sound,
    signIn: here.tokens.read(Date.now()) === undefined ? () => enter(here) : undefined,
    destroy() {
      document.removeEventListener('visibilitychange', onVisibility);
      player.destroy();
      sound.destroy();
    },
  };
}

export function WatchPage({ broadcastId }: { readonly broadcastId: string }) {
  const [parts, setParts] = useState<Parts | undefined>(undefined);
  useEffect(() => {
    const made = createParts(broadcastId);
    setParts(made);
    return made.destroy;
  }, [broadcastId]);
  return (
    <Frame here="watch">
      {parts === undefined ? <div class="player" /> : <PlayerView {...parts} />}
      {parts !== undefined && <About player={parts.player} />}
    </Frame>
  );
}

function About({ player }: { readonly player: Player }) {
  const show = player.broadcast.value;
  // Over is what the player knows to be over; the view of the broadcast is asked for less often.
  const state = player.state.value.broadcast ?? show?.state ?? 'live';
  const title = show === undefined ? undefined : titleOf({ ...show, state });
  // Whoever may no longer see the show is not told about it either.
  const gone = player.state.value.trouble === 'not-found';
  useEffect(() => {
    document.title = title === undefined || gone ? 'Tidecast' : `${title} · Tidecast`;
  }, [title, gone]);
  // A minute is as fine as `ago` gets: the meter's quarter seconds would draw this for nothing.
  const minute = Math.floor(player.meter.value.nowMs / 60_000) * 60_000;
  if (show === undefined || title === undefined || gone) return <div class="about about-empty" />;
  return (
    <section class="about" aria-label="About this show">
      <div class="about-words">
        <h1>{title}</h1>
        <p class="about-line">
          <LiveBadge state={state} />
          <span class="channel">{show.channelName}</span>
          <span class="muted">
            {state === 'ended' ? day(show.startedAt) : `started ${ago(show.startedAt, minute + 60_000)}`}
          </span>
          {show.visibility !== 'public' && <span class="tag">{show.visibility}</span>}
        </p>
      </div>
      <CopyButton text={`${location.origin}/watch/${show.broadcastId}`} label="Copy link" icon="share" />
    </section>
  );
}
