import { describe, expect, it } from 'vitest';
import { overlayFor } from '../../../web/watch/messages.ts';
import { initialState, type PlayerState } from '../../../web/watch/player-state.ts';

const state = (change: Partial<PlayerState>): PlayerState => ({ ...initialState, ...change });
const playback = { state: 'ended', session: 1, startedAt: 0 } as const;

describe('overlayFor', () => {
  it('says nothing while the picture moves', () =>
    expect(overlayFor(state({ phase: 'playing' }))).toBeUndefined());
  it('promises to go on after an interruption', () =>
    expect(overlayFor(state({ phase: 'interrupted' }))?.text).toMatch(
      /goes on here as soon as they are back/,
    ));
  it('offers the recording when the show has ended', () =>
    expect(overlayFor(state({ phase: 'ended', playback: { ...playback, archive: '/a' } }))?.actions).toEqual([
      'recording',
    ]));
  it('offers no recording where there is none', () =>
    expect(overlayFor(state({ phase: 'ended', playback }))?.text).toMatch(/no recording/));
  it('says that a show is about to start', () =>
    expect(overlayFor(state({ playback: { ...playback, state: 'live' } }))?.title).toMatch(/about to start/));
  it('offers the sign-in for a private show to those who are not signed in', () => {
    const gone = state({ phase: 'error', trouble: 'not-found' });
    expect(overlayFor(gone, true)?.actions).toContain('sign-in');
    expect(overlayFor(gone, false)?.actions).not.toContain('sign-in');
  });
  it.each(['not-found', 'unreachable', 'media'] as const)('has words and a way out for %s', (trouble) => {
    const overlay = overlayFor(state({ phase: 'error', trouble }));
    expect(overlay?.text).toBeTruthy();
    expect(overlay?.actions.length).toBeGreaterThan(0);
  });
});
