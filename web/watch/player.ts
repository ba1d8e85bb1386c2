/** Binds the state machine to a video element, an engine, the API and the clock. Owns all timers of the player. */
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type { Api } from '../api/client.ts';
import { Refused } from '../api/client.ts';
import type { BroadcastView } from '../../core/api/types.ts';
import { createAutoplay } from './autoplay.ts';
import type { Engine, EngineEvents } from './engine.ts';
import { Inquiries } from './inquiries.ts';
import { Motion } from './motion.ts';
import { initialState, step, type Command, type PlayerEvent, type PlayerState } from './player-state.ts';
import { nextPoll, sameQuestion } from './polling.ts';
import { levelFor, type Level, type Wish } from './quality.ts';
import { inWindow, liveMarginMs, resumeAt, windowOf } from './time-shift.ts';

/** What moves with the picture, read four times a second. */
export interface Meter {
  readonly atMs: number | undefined;
  /** How far what is shown lies behind now; undefined for recordings. */
  readonly delayMs: number | undefined;
  /** Nothing newer can be played, however far behind now it is: an encoder slower than real time. */
  readonly newest: boolean;
  readonly currentS: number;
  readonly durationS: number;
  readonly level: Level | undefined;
  readonly maxLevel: Level | undefined;
  readonly nowMs: number;
}

export interface Player {
  readonly state: ReadonlySignal<PlayerState>;
  readonly meter: ReadonlySignal<Meter>;
  readonly levels: ReadonlySignal<readonly Level[]>;
  readonly wish: ReadonlySignal<Wish>;
  readonly broadcast: ReadonlySignal<BroadcastView | undefined>;
  readonly paused: ReadonlySignal<boolean>;
  /** The browser allowed playing only without sound, or not at all. */
  readonly blocked: ReadonlySignal<'sound' | 'play' | undefined>;
  readonly atEdge: ReadonlySignal<boolean>;
  readonly start: () => void;
  readonly play: () => void;
  readonly togglePlay: () => void;
  readonly seekTo: (atMs: number) => void;
  readonly seekBy: (seconds: number) => void;
  readonly seekMedia: (seconds: number) => void;
  readonly goLive: () => void;
  readonly watchRecording: (fromStart: boolean) => void;
  readonly retry: () => void;
  readonly setWish: (wish: Wish) => void;
  readonly setHidden: (hidden: boolean) => void;
  readonly destroy: () => void;
}

export interface PlayerDependencies {
  readonly broadcastId: string;
  readonly video: HTMLVideoElement;
  readonly api: Pick<Api, 'playback' | 'broadcast'>;
  readonly createEngine: (events: EngineEvents) => Engine;
  /** The server's time. It jumps when the offset to it becomes known. */
  readonly clock: { now(): number };
  /** Time that only runs forward, for waits and stalls. */
  readonly stopwatch: { now(): number };
  readonly random: () => number;
}

const tickMs = 250;
const minAskGapMs = 1_500;
/** Three parts of 0.5 s: the edge moves by one at a time, and hls.js does not chase the last of them. */
const newestMarginS = 1.5;

type Question = 'ask-playback' | 'ask-broadcast';

export function createPlayer(dependencies: PlayerDependencies): Player {
  const { video, api, broadcastId, clock, stopwatch, random } = dependencies;
  const state = signal<PlayerState>(initialState);
  const levels = signal<readonly Level[]>([]);
  const wish = signal<Wish>('auto');
  const broadcast = signal<BroadcastView | undefined>(undefined);
  const paused = signal(true);
  const { blocked, play, destroy: endAutoplay } = createAutoplay(video);
  const motion = new Motion(stopwatch.now());
  const inquiries = new Inquiries<Question>({ ask, stopwatch, minGapMs: minAskGapMs });
  const engine = dependencies.createEngine({
    onLevels: () => {
      levels.value = engine.levels();
      applyLevel(false);
    },
    onFailed: (what) => send({ type: 'failed', what, nowMs: stopwatch.now() }),
  });
  const meter = signal<Meter>(measure());
  let hidden = false;
  let destroyed = false;

  function send(event: PlayerEvent): void {
    if (destroyed) return;
    const before = state.value;
    const { state: next, commands } = step(before, event);
    state.value = next;
    for (const command of commands) run(command);
    // What a command asks comes first; the regular question follows its answer.
    const asked = commands.some((command) => command.do.startsWith('ask-'));
    // A plan must not outlive the state that it was made for: most are made while a question is under way, whose
    // answer may settle the matter.
    if (!asked && (!inquiries.planned || !sameQuestion(before, next, hidden))) planPoll();
  }

  function run(command: Command): void {
    switch (command.do) {
      case 'open':
        motion.restart(stopwatch.now());
        engine.open(command.source.url, command.source.kind, command.from);
        return play();
      case 'resume':
        return engine.resume();
      case 'recover-media':
        engine.recoverMedia();
        return play();
      case 'seek':
        motion.restart(stopwatch.now());
        engine.stayAtEdge(false);
        return engine.seekToDate(command.atMs);
      case 'seek-edge':
        motion.restart(stopwatch.now());
        engine.seekToEdge();
        return play();
      case 'close':
        return engine.close();
      case 'ask-playback':
      case 'ask-broadcast':
        return inquiries.plan(command.do, 0);
    }
  }

  function planPoll(): void {
    const poll = nextPoll(state.value, hidden, random);
    if (poll === undefined) inquiries.cancel();
    else inquiries.plan(poll.ask, poll.afterMs);
  }

  async function ask(question: Question): Promise<void> {
    let event: PlayerEvent;
    try {
      if (question === 'ask-playback')
        event = { type: 'playback', playback: await api.playback(broadcastId) };
      else {
        const view = await api.broadcast(broadcastId);
        broadcast.value = view;
        event = { type: 'broadcast', state: view.state, session: view.session };
      }
    } catch (error) {
      event = { type: 'request-failed', why: isGone(error) ? 'not-found' : 'unreachable' };
    }
    send(event);
  }

  function measure(): Meter {
    const { mode, phase } = state.value;
    const nowMs = clock.now();
    const atMs = engine.playingDateMs();
    const latencyS = engine.latencyS();
    const estimateMs = latencyS === undefined ? undefined : latencyS * 1000;
    const delayMs = atMs === undefined ? estimateMs : Math.max(0, nowMs - atMs);
    return {
      atMs,
      delayMs: mode === 'recording' || phase === 'ended' ? undefined : delayMs,
      newest: (engine.behindNewestS() ?? Number.POSITIVE_INFINITY) < newestMarginS,
      currentS: video.currentTime,
      durationS: Number.isFinite(video.duration) ? video.duration : 0,
      level: levels.value.find(({ index }) => index === engine.currentLevel()),
      maxLevel: levels.value.find(({ index }) => index === engine.maxLevel()),
      nowMs,
    };
  }

  function tick(): void {
    meter.value = measure();
    const reading = {
      currentS: video.currentTime,
      ready: video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA,
      seeking: video.seeking,
      resting: video.paused || video.ended || state.value.source === undefined,
    };
    const found = motion.read(reading, stopwatch.now());
    if (found === 'moved') send({ type: 'progress', atMs: meter.value.atMs });
    if (found === 'stalled') send({ type: 'stalled' });
  }

  /**
   * After a pause the place may lie far behind the edge, or have left the live window: that is time
   * shift, and hls.js must not pull it to the edge.
   */
  function playOn(): void {
    const { mode, source, atMs, phase } = state.value;
    if (phase === 'ended') return watchRecording(mode === 'recording');
    if (source?.kind === 'live' && atMs !== undefined && clock.now() - atMs > liveMarginMs * 1.5) {
      send({ type: 'seek', atMs, inWindow: inWindow(windowOf(engine.anchors()), atMs) });
    } else if (mode === 'live') engine.stayAtEdge(true);
    play();
  }

  function applyLevel(soon: boolean): void {
    engine.setLevel(levelFor(levels.value, wish.value, hidden), soon && !hidden);
  }

  function seekTo(atMs: number): void {
    const over = state.value.broadcast === 'ended';
    if (!over && clock.now() - atMs < liveMarginMs) return send({ type: 'go-live' });
    send({ type: 'seek', atMs, inWindow: inWindow(windowOf(engine.anchors()), atMs) });
  }

  function watchRecording(fromStart: boolean): void {
    const endMs = broadcast.value?.endedAt ?? clock.now();
    send({ type: 'watch-recording', from: fromStart ? 'start' : resumeAt(state.value.atMs, endMs) });
  }

  const listeners: Readonly<Record<string, () => void>> = {
    play: () => {
      paused.value = false;
    },
    pause: () => {
      paused.value = true;
      engine.stayAtEdge(false);
    },
    ended: () => send({ type: 'finished' }),
  };
  for (const [name, listener] of Object.entries(listeners)) video.addEventListener(name, listener);
  const ticker = setInterval(tick, tickMs);

  return {
    state,
    meter,
    levels,
    wish,
    broadcast,
    paused,
    blocked,
    atEdge: computed(
      () =>
        state.value.mode === 'live' &&
        state.value.phase === 'playing' &&
        ((meter.value.delayMs ?? 0) < liveMarginMs || meter.value.newest) &&
        !paused.value,
    ),
    start() {
      inquiries.plan('ask-playback', 0);
      api.broadcast(broadcastId).then(
        (view) => {
          broadcast.value = view;
        },
        () => undefined,
      );
    },
    play: playOn,
    togglePlay() {
      if (video.paused) playOn();
      else video.pause();
    },
    seekTo,
    seekBy(seconds) {
      // The state's time is where the last key press went, even if its picture is still to come.
      const { atMs, mode, playback } = state.value;
      if (mode === 'recording' || atMs === undefined)
        video.currentTime = Math.max(0, video.currentTime + seconds);
      else seekTo(Math.max(playback?.startedAt ?? 0, atMs + seconds * 1000));
    },
    seekMedia(seconds) {
      motion.restart(stopwatch.now());
      video.currentTime = seconds;
      if (state.value.phase === 'ended') play();
    },
    goLive: () => send({ type: 'go-live' }),
    watchRecording,
    retry: () => send({ type: 'retry' }),
    setWish(next) {
      wish.value = next;
      applyLevel(true);
    },
    setHidden(next) {
      if (hidden === next) return;
      hidden = next;
      applyLevel(false);
      if (state.value.playback !== undefined) planPoll();
    },
    destroy() {
      destroyed = true;
      inquiries.stop();
      clearInterval(ticker);
      for (const [name, listener] of Object.entries(listeners)) video.removeEventListener(name, listener);
      endAutoplay();
      engine.destroy();
    },
  };
}

const isGone = (error: unknown): boolean =>
  error instanceof Refused && [400, 401, 403, 404, 410].includes(error.status);
