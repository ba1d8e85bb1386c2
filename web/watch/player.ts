/** Binds the state machine to a video element, an engine, the API and the clock. Owns all timers of the player. */
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type { Api } from '../api/client.ts';
import { Refused } from '../api/client.ts';
import type { BroadcastView } from '../../core/api/types.ts';
import type { Engine, EngineEvents } from './engine.ts';
import { initialState, step, type Command, type PlayerEvent, type PlayerState } from './player-state.ts';
import { nextPoll } from './polling.ts';
import { levelFor, type Level, type Wish } from './quality.ts';
import { inWindow, liveMarginMs, resumeAt, windowOf } from './time-shift.ts';

/** What moves with the picture, read four times a second. */
export interface Meter {
  readonly atMs: number | undefined;
  /** How far what is shown lies behind now; undefined for recordings. */
  readonly delayMs: number | undefined;
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
  /** The server's time. */
  readonly clock: { now(): number };
  readonly random: () => number;
}

const tickMs = 250;
/** Nothing new on the screen for so long is a stall; a part is 0.5 s, so less would be a hiccup. */
const stallAfterMs = 1_500;
/** However often the machine asks: never twice within this. */
const minAskGapMs = 1_500;

export function createPlayer(dependencies: PlayerDependencies): Player {
  const { video, api, broadcastId, clock, random } = dependencies;
  const state = signal<PlayerState>(initialState);
  const levels = signal<readonly Level[]>([]);
  const wish = signal<Wish>('auto');
  const broadcast = signal<BroadcastView | undefined>(undefined);
  const paused = signal(true);
  const blocked = signal<'sound' | 'play' | undefined>(undefined);
  const meter = signal<Meter>({
    atMs: undefined,
    delayMs: undefined,
    currentS: 0,
    durationS: 0,
    level: undefined,
    maxLevel: undefined,
    nowMs: clock.now(),
  });
  let hidden = false;
  let destroyed = false;
  let pollTimer: ReturnType<typeof setTimeout> | undefined;
  let asking = false;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let shownS = -1;
  let movedAtMs = clock.now();
  let stallSaid = false;

  const engine = dependencies.createEngine({
    onLevels: () => {
      levels.value = engine.levels();
      applyLevel(false);
    },
    onFailed: (what) => send({ type: 'failed', what, nowMs: clock.now() }),
  });

  function send(event: PlayerEvent): void {
    if (destroyed) return;
    const { state: next, commands } = step(state.value, event);
    const before = state.value;
    state.value = next;
    for (const command of commands) run(command);
    const quiet =
      before.phase === next.phase && before.stalled === next.stalled && before.broadcast === next.broadcast;
    // What a command asks comes first; the regular poll follows its answer.
    const asked = commands.some((command) => command.do.startsWith('ask-'));
    if (!asked && (!quiet || pollTimer === undefined)) schedulePoll();
  }

  function run(command: Command): void {
    switch (command.do) {
      case 'open':
        shownS = -1;
        restartWatch();
        engine.open(command.source.url, command.source.kind, command.from);
        return play();
      case 'resume':
        return engine.resume();
      case 'recover-media':
        engine.recoverMedia();
        return play();
      case 'seek':
        engine.stayAtEdge(false);
        restartWatch();
        return engine.seekToDate(command.atMs);
      case 'seek-edge':
        restartWatch();
        engine.seekToEdge();
        return play();
      case 'ask-playback':
      case 'ask-broadcast':
        return askSoon(command.do, 0);
    }
  }

  function restartWatch(): void {
    movedAtMs = clock.now();
    stallSaid = false;
  }

  function askSoon(what: 'ask-playback' | 'ask-broadcast', afterMs: number): void {
    clearTimeout(pollTimer);
    const waitMs = Math.max(afterMs, askedAtMs + minAskGapMs - clock.now());
    pollTimer = setTimeout(() => void ask(what), Math.max(0, waitMs));
  }

  function schedulePoll(): void {
    if (asking) return;
    clearTimeout(pollTimer);
    pollTimer = undefined;
    const poll = nextPoll(state.value, hidden, random);
    if (poll !== undefined) askSoon(poll.ask, poll.afterMs);
  }

  async function ask(what: 'ask-playback' | 'ask-broadcast'): Promise<void> {
    if (destroyed) return;
    asking = true;
    askedAtMs = clock.now();
    let event: PlayerEvent;
    try {
      if (what === 'ask-playback') event = { type: 'playback', playback: await api.playback(broadcastId) };
      else {
        const view = await api.broadcast(broadcastId);
        broadcast.value = view;
        event = { type: 'broadcast', state: view.state, session: view.session };
      }
    } catch (error) {
      event = { type: 'request-failed', why: isGone(error) ? 'not-found' : 'unreachable' };
    }
    asking = false;
    pollTimer = undefined;
    send(event);
  }

  function tick(): void {
    const now = clock.now();
    const current = state.value;
    const dateMs = engine.playingDateMs();
    const latencyS = engine.latencyS();
    const fallbackMs = latencyS === undefined ? undefined : latencyS * 1000;
    const all = levels.value;
    meter.value = {
      atMs: dateMs,
      delayMs:
        current.mode === 'recording' || current.phase === 'ended'
          ? undefined
          : dateMs === undefined
            ? fallbackMs
            : Math.max(0, now - dateMs),
      currentS: video.currentTime,
      durationS: Number.isFinite(video.duration) ? video.duration : 0,
      level: all.find(({ index }) => index === engine.currentLevel()),
      maxLevel: all.find(({ index }) => index === engine.maxLevel()),
      nowMs: now,
    };
    if (current.source === undefined || video.paused || video.seeking) {
      movedAtMs = video.seeking && !video.paused ? movedAtMs : now;
    } else if (Math.abs(video.currentTime - shownS) > 0.05 && video.readyState >= 3) {
      // The first reading after opening or seeking only says where it stands.
      if (shownS >= 0) {
        movedAtMs = now;
        stallSaid = false;
        send({ type: 'progress', atMs: dateMs });
      }
    }
    shownS = video.currentTime;
    if (!stallSaid && current.source !== undefined && !video.ended && now - movedAtMs > stallAfterMs) {
      stallSaid = true;
      send({ type: 'stalled' });
    }
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

  function play(): void {
    video.play().then(
      () => {
        if (!video.muted) blocked.value = undefined;
      },
      (error: unknown) => {
        if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return;
        if (video.muted) {
          blocked.value = 'play';
          return;
        }
        // Browsers let a page start by itself only without sound.
        video.muted = true;
        blocked.value = 'sound';
        video.play().catch(() => {
          blocked.value = 'play';
        });
      },
    );
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
    const { atMs } = state.value;
    const endMs = broadcast.value?.endedAt ?? clock.now();
    send({ type: 'watch-recording', from: fromStart ? 'start' : resumeAt(atMs, endMs) });
  }

  const listeners: readonly (readonly [string, () => void])[] = [
    ['play', () => (paused.value = false)],
    [
      'pause',
      () => {
        paused.value = true;
        engine.stayAtEdge(false);
      },
    ],
    ['ended', () => send({ type: 'finished' })],
    ['volumechange', () => !video.muted && blocked.value === 'sound' && (blocked.value = undefined)],
  ];
  for (const [name, listener] of listeners) video.addEventListener(name, listener);
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
        (meter.value.delayMs ?? 0) < liveMarginMs &&
        !paused.value,
    ),
    start() {
      void ask('ask-playback');
      api.broadcast(broadcastId).then(
        (view) => (broadcast.value = view),
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
      const { currentS } = meter.value;
      // The state's time is where the last key press went, even if its picture is still to come.
      const { atMs } = state.value;
      if (state.value.mode === 'recording' || atMs === undefined)
        video.currentTime = Math.max(0, currentS + seconds);
      else seekTo(Math.max(state.value.playback?.startedAt ?? 0, atMs + seconds * 1000));
    },
    seekMedia(seconds) {
      restartWatch();
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
      schedulePoll();
    },
    destroy() {
      destroyed = true;
      clearTimeout(pollTimer);
      clearInterval(ticker);
      for (const [name, listener] of listeners) video.removeEventListener(name, listener);
      engine.destroy();
    },
  };
}

const isGone = (error: unknown): boolean =>
  error instanceof Refused && [400, 401, 403, 404, 410].includes(error.status);
