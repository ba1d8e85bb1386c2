import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Playback } from '../../../core/api/types.ts';
import {
  initialState,
  step,
  type Command,
  type PlayerEvent,
  type PlayerState,
  type Step,
} from '../../../web/watch/player-state.ts';

const startedAt = 1_000_000;
const live = '/live/in-01/b/master.m3u8';
const archive = '/archive/b/master.m3u8';
const playback = (change: Partial<Playback> = {}): PlayerEvent => ({
  type: 'playback',
  playback: { state: 'live', session: 1, startedAt, live, archive, ...change },
});
const ended: PlayerEvent = { type: 'playback', playback: { state: 'ended', session: 1, startedAt, archive } };
const progress = (atMs?: number): PlayerEvent => ({ type: 'progress', atMs });
const broadcast = (state: 'live' | 'interrupted' | 'ended', session = 1): PlayerEvent => ({
  type: 'broadcast',
  state,
  session,
});
const stalled: PlayerEvent = { type: 'stalled' };

function after(...events: readonly PlayerEvent[]): {
  readonly state: PlayerState;
  readonly last: readonly Command[];
} {
  let state = initialState;
  let last: readonly Command[] = [];
  for (const event of events) ({ state, commands: last } = step(state, event));
  return { state, last };
}

const watching = [playback(), progress(2_000_000)] as const;

describe('the player at the live edge', () => {
  it('opens the live window at its edge', () => {
    const { state, last } = after(playback());
    expect(last).toEqual([{ do: 'open', source: { kind: 'live', url: live }, from: 'edge' }]);
    expect(state).toMatchObject({ phase: 'loading', mode: 'live' });
  });

  it('plays once the picture moves', () => {
    expect(after(...watching).state).toMatchObject({ phase: 'playing', mode: 'live', atMs: 2_000_000 });
  });

  it('waits while there is no picture yet', () => {
    const { live: _, ...without } = (playback() as { playback: Playback }).playback;
    const { state, last } = after({ type: 'playback', playback: without });
    expect(last).toEqual([]);
    expect(state.phase).toBe('loading');
  });

  it('asks what is the matter when it runs dry', () => {
    const { state, last } = after(...watching, stalled);
    expect(last).toEqual([{ do: 'ask-broadcast' }]);
    expect(state.phase).toBe('loading');
  });

  it('says interrupted only when it has nothing more to show', () => {
    expect(after(...watching, broadcast('interrupted')).state.phase).toBe('playing');
    expect(after(...watching, broadcast('interrupted'), stalled).state.phase).toBe('interrupted');
    expect(after(...watching, stalled, broadcast('interrupted')).state.phase).toBe('interrupted');
  });

  it('goes on with the same engine when the encoder returns to the same place', () => {
    const gone = [...watching, stalled, broadcast('interrupted')];
    expect(after(...gone, broadcast('live', 2)).last).toEqual([{ do: 'ask-playback' }]);
    const back = after(...gone, broadcast('live', 2), playback({ session: 2 }));
    expect(back.last).toEqual([{ do: 'resume' }]);
    expect(step(back.state, progress()).state.phase).toBe('playing');
  });

  it('opens the new address when the broadcast came back on another task', () => {
    const url = '/live/in-02/b/master.m3u8';
    const { last } = after(
      ...watching,
      stalled,
      broadcast('interrupted'),
      playback({ session: 2, live: url }),
    );
    expect(last).toEqual([{ do: 'open', source: { kind: 'live', url }, from: 'edge' }]);
  });

  it('does not disturb the loading of somebody whose network is slow', () => {
    expect(after(...watching, stalled, broadcast('live'), playback()).last).toEqual([]);
  });

  it('finds the new address when the show changed its visibility', () => {
    const url = '/live-private/in-01/b/master.m3u8';
    expect(after(...watching, stalled, broadcast('live')).last).toEqual([{ do: 'ask-playback' }]);
    expect(after(...watching, stalled, broadcast('live'), playback({ live: url })).last).toMatchObject([
      { do: 'open', source: { url } },
    ]);
  });

  it('pushes an engine that has given up', () => {
    const failed: PlayerEvent = { type: 'failed', what: 'network', nowMs: 0 };
    expect(after(...watching, failed, playback()).last).toEqual([{ do: 'resume' }]);
  });

  it('does not touch what plays when the media has recovered by itself', () => {
    const { last, state } = after(
      ...watching,
      stalled,
      broadcast('interrupted'),
      progress(),
      playback({ session: 2 }),
    );
    expect(last).toEqual([]);
    expect(state.phase).toBe('playing');
  });

  it('shows the rest of the buffer before it says that the show has ended', () => {
    expect(after(...watching, ended).state.phase).toBe('playing');
    expect(after(...watching, ended, { type: 'finished' }).state.phase).toBe('ended');
    expect(after(...watching, ended, stalled).state.phase).toBe('ended');
    expect(after(...watching, { type: 'finished' }, ended).state.phase).toBe('ended');
  });

  it('stays quiet about an API that is away while the picture moves', () => {
    const { state } = after(...watching, { type: 'request-failed', why: 'unreachable' });
    expect(state.phase).toBe('playing');
  });

  it('answers media failures more strongly each time', () => {
    const failed = (nowMs: number): PlayerEvent => ({ type: 'failed', what: 'media', nowMs });
    expect(after(...watching, failed(0)).last).toEqual([{ do: 'recover-media' }]);
    expect(after(...watching, failed(0), failed(1_000)).last).toMatchObject([{ do: 'open', from: 'edge' }]);
    expect(after(...watching, failed(0), failed(1_000), failed(2_000)).state).toMatchObject({
      phase: 'error',
      trouble: 'media',
    });
    expect(after(...watching, failed(0), failed(60_000)).last).toEqual([{ do: 'recover-media' }]);
  });

  it('asks for addresses again when requests fail for good', () => {
    expect(after(...watching, { type: 'failed', what: 'network', nowMs: 0 }).last).toEqual([
      { do: 'ask-playback' },
    ]);
  });
});

describe('time shift', () => {
  const back: PlayerEvent = { type: 'seek', atMs: 1_500_000, inWindow: false };

  it('only seeks inside the live window', () => {
    const { state, last } = after(...watching, { type: 'seek', atMs: 1_990_000, inWindow: true });
    expect(last).toEqual([{ do: 'seek', atMs: 1_990_000 }]);
    expect(state).toMatchObject({ mode: 'timeshift', source: { kind: 'live' } });
  });

  it('opens the archive at the time when the window no longer has it', () => {
    const { state, last } = after(...watching, back);
    expect(last).toEqual([
      { do: 'open', source: { kind: 'archive', url: archive }, from: { atMs: 1_500_000 } },
    ]);
    expect(state.mode).toBe('timeshift');
  });

  it('goes back to the live window', () => {
    const { state, last } = after(...watching, back, progress(1_500_000), { type: 'go-live' });
    expect(last).toEqual([{ do: 'open', source: { kind: 'live', url: live }, from: 'edge' }]);
    expect(state.mode).toBe('live');
  });

  it('goes to the edge of the window that is still open', () => {
    const { last } = after(
      ...watching,
      { type: 'seek', atMs: 1_990_000, inWindow: true },
      { type: 'go-live' },
    );
    expect(last).toEqual([{ do: 'seek-edge' }]);
  });

  it('plays on undisturbed when the show ends: the archive becomes the recording', () => {
    const { state, last } = after(...watching, back, progress(1_500_000), ended);
    expect(last).toEqual([]);
    expect(state).toMatchObject({ mode: 'recording', phase: 'playing' });
  });

  it('moves from the live window to the archive when the show ends', () => {
    const { last } = after(
      ...watching,
      { type: 'seek', atMs: 1_990_000, inWindow: true },
      progress(1_991_000),
      ended,
    );
    expect(last).toEqual([
      { do: 'open', source: { kind: 'archive', url: archive }, from: { atMs: 1_991_000 } },
    ]);
  });
});

describe('recordings', () => {
  it('open at their start', () => {
    const { state, last } = after(ended);
    expect(last).toEqual([{ do: 'open', source: { kind: 'archive', url: archive }, from: 'start' }]);
    expect(state.mode).toBe('recording');
  });

  it('are offered when the show ends and play from where one was', () => {
    const { last } = after(
      ...watching,
      ended,
      { type: 'finished' },
      {
        type: 'watch-recording',
        from: { atMs: 1_700_000 },
      },
    );
    expect(last).toEqual([
      { do: 'open', source: { kind: 'archive', url: archive }, from: { atMs: 1_700_000 } },
    ]);
  });

  it('say so when there is none', () => {
    const { state } = after({ type: 'playback', playback: { state: 'ended', session: 1, startedAt } });
    expect(state).toMatchObject({ phase: 'ended', trouble: 'no-recording' });
  });
});

describe('troubles', () => {
  it.each(['not-found', 'unreachable'] as const)('a show that is %s is said so', (why) => {
    expect(after({ type: 'request-failed', why }).state).toMatchObject({ phase: 'error', trouble: why });
  });

  it('an API that comes back starts the show by itself', () => {
    const { state, last } = after({ type: 'request-failed', why: 'unreachable' }, playback());
    expect(last).toMatchObject([{ do: 'open' }]);
    expect(state).toMatchObject({ phase: 'loading', trouble: undefined });
  });
});

const anyEvent: fc.Arbitrary<PlayerEvent> = fc.oneof(
  fc.constantFrom('live' as const, 'interrupted' as const, 'ended' as const).chain((state) =>
    fc
      .record({ session: fc.nat(5), hasLive: fc.boolean(), hasArchive: fc.boolean(), slot: fc.nat(2) })
      .map(({ session, hasLive, hasArchive, slot }) => ({
        type: 'playback' as const,
        playback: {
          state,
          session,
          startedAt,
          ...(hasLive && state !== 'ended' && { live: `/live/in-0${slot}/b/master.m3u8` }),
          ...(hasArchive && { archive }),
        },
      })),
  ),
  fc.record({
    type: fc.constant('broadcast' as const),
    state: fc.constantFrom('live' as const, 'interrupted' as const, 'ended' as const),
    session: fc.nat(5),
  }),
  fc.record({
    type: fc.constant('request-failed' as const),
    why: fc.constantFrom('not-found' as const, 'unreachable' as const),
  }),
  fc.record({ type: fc.constant('progress' as const), atMs: fc.option(fc.nat(), { nil: undefined }) }),
  fc.record({
    type: fc.constant('failed' as const),
    what: fc.constantFrom('network' as const, 'media' as const, 'denied' as const),
    nowMs: fc.nat(),
  }),
  fc.record({ type: fc.constant('seek' as const), atMs: fc.nat(), inWindow: fc.boolean() }),
  fc.record({ type: fc.constant('watch-recording' as const), from: fc.constant('start' as const) }),
  fc.constantFrom<PlayerEvent>(
    { type: 'stalled' },
    { type: 'finished' },
    { type: 'go-live' },
    { type: 'retry' },
  ),
);

describe('the player whose cookies have run out', () => {
  const denied = (nowMs: number): PlayerEvent => ({ type: 'failed', what: 'denied', nowMs });
  const recording = [ended, { type: 'watch-recording', from: 'start' }, progress(1_500_000)] as const;
  const timeshift = [...watching, { type: 'seek', atMs: 1_500_000, inWindow: false }, progress()] as const;

  it.each([
    ['live', watching, playback()],
    ['in time shift', timeshift, playback()],
    ['in the recording', recording, ended],
  ])('asks for new ones and goes on where it is: %s', (_, before, answer) => {
    expect(after(...before, denied(0)).last).toEqual([{ do: 'ask-playback' }]);
    // The buffer plays on meanwhile; that must not make it forget that the engine stands still.
    const { state, last } = after(...before, denied(0), progress(1_501_000), answer);
    expect(last).toEqual([{ do: 'resume' }]);
    expect(state).toMatchObject({ phase: 'playing', broken: false });
  });

  it('is patient again hours later', () => {
    const hourMs = 3_600_000;
    const events = [0, 1, 2, 3, 4].flatMap((n) => [denied(n * 4 * hourMs), ended]);
    expect(after(...recording, ...events).last).toEqual([{ do: 'resume' }]);
  });

  it('says so when new cookies don’t help, once the buffer has been shown', () => {
    const events = [denied(0), ended, denied(2_000), ended, denied(4_000)];
    const { state, last } = after(...recording, ...events);
    expect(last).toEqual([]);
    expect(state.phase).toBe('playing');
    expect(step(state, stalled).state).toMatchObject({ phase: 'error', trouble: 'denied' });
    expect(after(...recording, stalled, ...events).state).toMatchObject({
      phase: 'error',
      trouble: 'denied',
    });
  });

  it('does not hold an old refusal against a source that was opened since', () => {
    const shutOut = [denied(0), ended, denied(2_000), ended, denied(4_000)];
    const again: PlayerEvent = { type: 'watch-recording', from: 'start' };
    expect(after(...recording, ...shutOut, again, progress(), stalled).state.phase).toBe('loading');
  });

  it('tries once more when the viewer wants it', () => {
    const shutOut = [denied(0), ended, denied(2_000), ended, denied(4_000), stalled];
    const { state, last } = after(...recording, ...shutOut, { type: 'retry' }, ended);
    expect(last).toMatchObject([{ do: 'open', source: { kind: 'archive' }, from: { atMs: 1_500_000 } }]);
    expect(step(state, denied(5_000)).commands).toEqual([{ do: 'ask-playback' }]);
  });

  it('is told that the show has become private', () => {
    const gone: PlayerEvent = { type: 'request-failed', why: 'not-found' };
    const { state, last } = after(...recording, denied(0), gone, stalled);
    expect(last).toEqual([{ do: 'ask-playback' }]);
    expect(step(state, gone).state).toMatchObject({ phase: 'error', trouble: 'not-found' });
  });

  it('closes the engine of a show that is no longer there, and opens it where it was once it is back', () => {
    const gone: PlayerEvent = { type: 'request-failed', why: 'not-found' };
    const { state, last } = after(...watching, stalled, gone);
    expect(last).toEqual([{ do: 'close' }]);
    expect(state.source).toBeUndefined();
    expect(step(state, gone).commands).toEqual([]);
    expect(step(state, playback()).commands).toMatchObject([{ do: 'open', from: 'edge' }]);
    expect(after(...timeshift, stalled, gone, playback()).last).toMatchObject([{ do: 'open' }]);
  });
});

describe('whatever happens in whatever order', () => {
  const run = (events: readonly PlayerEvent[], check: (taken: Step) => void): void => {
    let state = initialState;
    for (const event of events) {
      const next = step(state, event);
      check(next);
      ({ state } = next);
    }
  };

  it('opens only addresses that the API gave, and has open what it says', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), (events) =>
        run(events, ({ state, commands }) => {
          for (const command of commands) {
            if (command.do !== 'open') continue;
            expect(command.source).toEqual(state.source);
            expect(command.source.url).toMatch(command.source.kind === 'live' ? /^\/live\// : /^\/archive\//);
          }
        }),
      ),
    );
  });

  it('never seeks or resumes with nothing open', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), (events) =>
        run(events, ({ state, commands }) => {
          if (commands.some((command) => command.do === 'resume' || command.do === 'seek-edge'))
            expect(state.source).toBeDefined();
        }),
      ),
    );
  });

  it('plays again as soon as the live window is there and its picture moves', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), (events) => {
        const { state } = after(...events);
        if (state.mode !== 'live' || state.phase === 'ended') return;
        const back = step(step(state, playback({ session: 9 })).state, progress());
        expect(back.state.phase).toBe('playing');
      }),
    );
  });
});
