import { useEffect, useMemo, useState } from 'preact/hooks';
import { measureOffset } from '../api/clock.ts';
import { CopyButton } from '../design/copy-button.tsx';
import { Icon } from '../design/icons.tsx';
import { Frame } from '../design/frame.tsx';
import { LiveBadge } from '../design/live-badge.tsx';
import { createHere, type Here } from '../session/here.ts';
import { titleOf } from '../show/title.ts';
import { watching } from '../words/count.ts';
import { ago, day } from '../words/time.ts';
import type { ChatApi } from '../api/chat.ts';
import type { Chat } from './chat/chat.ts';
import { createChoices, type Choices } from './chat/choices.ts';
import { Follow } from './chat/follow.tsx';
import { startChat } from './chat/start.ts';
import { WatchChat } from './chat/watch-chat.tsx';
import { createHlsEngine, hlsSupported } from './hls-engine.ts';
import { createNativeEngine } from './native-engine.ts';
import { createPlayer, type Player } from './player.ts';
import { PlayerView } from './player-view.tsx';
import { createSound, type Sound } from './sound.ts';
import { followVisibleHeight } from './visible-height.ts';

interface Parts {
  readonly video: HTMLVideoElement;
  readonly player: Player;
  readonly sound: Sound;
  readonly chat: Chat;
  readonly chatApi: ChatApi;
  readonly clock: { now(): number };
  readonly signIn: (() => Promise<void>) | undefined;
  /** Also for somebody whose sign-in has run out meanwhile. */
  readonly enter: () => Promise<void>;
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
  const clock = { now: () => Date.now() + offsetMs };
  const sound = createSound(video, localStorage);
  const player = createPlayer({
    broadcastId,
    video,
    api,
    createEngine: (events) =>
      hlsSupported() ? createHlsEngine(video, events) : createNativeEngine(video, events),
    clock,
    stopwatch: performance,
    random: Math.random,
  });
  const started = startChat(here, broadcastId, clock);
  const onVisibility = (): void => player.setHidden(document.hidden);
  document.addEventListener('visibilitychange', onVisibility);
  onVisibility();
  player.start();
  return {
    video,
    player,
    sound,
    chat: started.chat,
    chatApi: started.api,
    clock,
    signIn: here.tokens.read(Date.now()) === undefined ? () => enter(here) : undefined,
    enter: () => enter(here),
    destroy() {
      document.removeEventListener('visibilitychange', onVisibility);
      started.destroy();
      player.destroy();
      sound.destroy();
    },
  };
}

export function WatchPage({ broadcastId }: { readonly broadcastId: string }) {
  const [parts, setParts] = useState<Parts | undefined>(undefined);
  const choices = useMemo(() => createChoices(localStorage), []);
  useEffect(() => {
    const made = createParts(broadcastId);
    setParts(made);
    return made.destroy;
  }, [broadcastId]);
  useEffect(followVisibleHeight, []);
  // Nothing is said beside a show that isn't here.
  const hasChat = choices.isShown.value && parts?.player.state.value.trouble !== 'not-found';
  return (
    <Frame here="watch">
      <div class={`watch ${hasChat ? 'watch-with-chat' : ''}`}>
        {parts === undefined ? <div class="player" /> : <PlayerView {...parts} />}
        {parts !== undefined && <About parts={parts} choices={choices} />}
        {parts !== undefined && <WatchChat {...parts} choices={choices} isShown={hasChat} />}
      </div>
    </Frame>
  );
}

function About({ parts, choices }: { readonly parts: Parts; readonly choices: Choices }) {
  const { player, chat } = parts;
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
  // The chat hears it every few seconds; the view of the broadcast is asked for less often.
  const viewers = state === 'ended' ? undefined : (chat.viewers.value ?? show?.viewers);
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
          {viewers !== undefined && (
            <span class="muted" data-viewers title={`${viewers} watching`}>
              {watching(viewers)}
            </span>
          )}
          {show.visibility !== 'public' && <span class="tag">{show.visibility}</span>}
        </p>
      </div>
      <div class="about-actions">
        <Follow chat={chat} api={parts.chatApi} channelId={show.channelId} clock={parts.clock} />
        <CopyButton text={`${location.origin}/watch/${show.broadcastId}`} label="Copy link" icon="share" />
        {!choices.isShown.value && (
          <button type="button" class="button" onClick={() => (choices.isShown.value = true)}>
            <Icon name="chat" />
            Show chat
          </button>
        )}
      </div>
    </section>
  );
}
