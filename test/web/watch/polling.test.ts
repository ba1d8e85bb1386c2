import { describe, expect, it } from 'vitest';
import { initialState, type PlayerState } from '../../../web/watch/player-state.ts';
import { nextPoll, sameQuestion } from '../../../web/watch/polling.ts';

const playing: PlayerState = {
  ...initialState,
  phase: 'playing',
  source: { kind: 'live', url: '/live/x' },
  broadcast: 'live',
};
const half = (): number => 0.5;

describe('nextPoll', () => {
  it('asks seldom while all is well', () => {
    expect(nextPoll(playing, false, half)).toEqual({ afterMs: 25_000, ask: 'ask-broadcast' });
  });

  it('asks often while something is missing', () => {
    expect(nextPoll({ ...playing, stalled: true, phase: 'interrupted' }, false, half)?.afterMs).toBe(2_500);
  });

  it('asks often from the moment that the encoder is known to be away, though the buffer still plays', () => {
    expect(nextPoll({ ...playing, broadcast: 'interrupted' }, false, half)?.afterMs).toBe(2_500);
  });

  it('spreads the questions of many viewers over the whole wait', () => {
    const waits = [0, 0.999].map((r) => nextPoll(playing, false, () => r)?.afterMs);
    expect(waits).toEqual([12_500, 37_475]);
  });

  it('asks for addresses when it has none', () => {
    expect(nextPoll(initialState, false, half)?.ask).toBe('ask-playback');
  });

  it.each<Partial<PlayerState>>([
    { phase: 'ended' },
    { mode: 'recording' },
    { phase: 'error', trouble: 'denied', broken: true, denial: { atMs: 0, count: 3 } },
  ])('stops for good at %o', (change) => {
    expect(nextPoll({ ...playing, ...change }, false, half)).toBeUndefined();
  });

  it('asks for addresses while the engine has given up, for a recording too', () => {
    const broken = { ...playing, mode: 'recording', broken: true } as const;
    expect(nextPoll(broken, false, half)).toEqual({ afterMs: 2_500, ask: 'ask-playback' });
  });

  it('asks once in a while for a show that is not there: it may be made public again', () => {
    const gone = { ...playing, phase: 'error', trouble: 'not-found', source: undefined } as const;
    const waits = [0, 0.999].map((r) => nextPoll(gone, false, () => r));
    expect(waits).toEqual([
      { afterMs: 30_000, ask: 'ask-playback' },
      { afterMs: 59_970, ask: 'ask-playback' },
    ]);
  });

  it('asks less in the background', () => {
    expect(nextPoll(playing, true, half)?.afterMs).toBe(60_000);
  });
});

describe('what was planned', () => {
  const refused = { ...playing, mode: 'recording', broken: true, denial: { atMs: 0, count: 2 } } as const;

  it('stands while the picture moves on', () => {
    expect(sameQuestion(playing, { ...playing, atMs: 1, session: 2 }, false)).toBe(true);
  });

  it.each<[string, PlayerState, PlayerState]>([
    ['the engine has given up', playing, { ...playing, broken: true }],
    ['it was pushed', { ...playing, broken: true }, playing],
    ['a recording goes on', refused, { ...refused, broken: false }],
    ['the viewer is shut out', refused, { ...refused, denial: { atMs: 1, count: 3 } }],
    ['the picture stalls', playing, { ...playing, stalled: true }],
    ['the encoder is away', playing, { ...playing, broadcast: 'interrupted' }],
  ])('is to be planned anew when %s', (_, before, after) => {
    expect(sameQuestion(before, after, false)).toBe(false);
  });
});
