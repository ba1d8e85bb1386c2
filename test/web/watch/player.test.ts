/** What the player asks the API, over time: with an engine and a video that do as they are told. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BroadcastView, Playback } from '../../../core/api/types.ts';
import type { Engine, EngineEvents } from '../../../web/watch/engine.ts';
import { createPlayer, type Player } from '../../../web/watch/player.ts';

/** Longer than the player takes from one look at the picture to the next. */
const answerMs = 300;
const recording: Playback = { state: 'ended', session: 1, startedAt: 0, archive: '/archive/b/master.m3u8' };

/** As much of a <video> as the player reads; its picture moves with the clock. */
class MovingVideo extends EventTarget {
  readonly duration = 3_600;
  readonly muted = false;
  readonly paused = false;
  readonly ended = false;
  readonly seeking = false;
  readonly readyState = 4;
  get currentTime(): number {
    return Date.now() / 1000;
  }
  play(): Promise<void> {
    return Promise.resolve();
  }
}

describe('a recording whose edge refuses the cookies', () => {
  const playback = vi.fn<() => Promise<Playback>>();
  const resume = vi.fn<() => void>();
  let player: Player;
  let deny: () => void;

  const idleEngine = (events: EngineEvents): Engine => {
    deny = () => events.onFailed('denied');
    return {
      open: () => undefined,
      resume,
      recoverMedia: () => undefined,
      seekToDate: () => undefined,
      seekToEdge: () => undefined,
      setLevel: () => undefined,
      stayAtEdge: () => undefined,
      levels: () => [],
      currentLevel: () => -1,
      maxLevel: () => -1,
      anchors: () => [],
      playingDateMs: () => undefined,
      latencyS: () => undefined,
      close: () => undefined,
      behindNewestS: () => undefined,
      destroy: () => undefined,
    };
  };

  beforeEach(async () => {
    vi.useFakeTimers();
    vi.stubGlobal('HTMLMediaElement', { HAVE_FUTURE_DATA: 3 });
    resume.mockReset();
    playback.mockReset();
    playback.mockImplementation(
      () => new Promise((resolve) => setTimeout(() => resolve(recording), answerMs)),
    );
    player = createPlayer({
      broadcastId: 'b',
      video: new MovingVideo() as unknown as HTMLVideoElement,
      api: { playback, broadcast: () => Promise.reject<BroadcastView>(new Error('not asked here')) },
      createEngine: idleEngine,
      clock: { now: () => Date.now() },
      stopwatch: { now: () => Date.now() },
      random: () => 0.5,
    });
    player.start();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(player.state.value).toMatchObject({ phase: 'playing', mode: 'recording' });
  });
  afterEach(() => {
    player.destroy();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it('asks no more once new ones have helped', async () => {
    deny();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([playback.mock.calls.length, resume.mock.calls.length]).toEqual([2, 1]);
  });

  it('asks no more once new ones have not helped twice', async () => {
    resume.mockImplementation(() => setTimeout(deny, 10));
    deny();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([playback.mock.calls.length, resume.mock.calls.length]).toEqual([3, 2]);
  });
});
