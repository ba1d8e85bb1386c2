import { describe, expect, it } from 'vitest';
import { composerState, type Situation } from '../../../../web/watch/chat/composer-state.ts';

const nowMs = 1_000_000_000;
const you = { id: 'p', name: 'Robin', role: 'viewer' } as const;
const free: Situation = {
  status: { at: 'live' },
  signedIn: true,
  you,
  mode: { slowS: 0, off: false },
  standing: { state: 'free' },
  followedSince: undefined,
  waitUntil: undefined,
  view: 'live',
  ended: false,
  nowMs,
};
const state = (change: Partial<Situation>) => composerState({ ...free, ...change });
const mode = (change: Partial<Situation['mode']>) => ({ slowS: 0, off: false, ...change });

describe('the composer', () => {
  it('is open to whoever is signed in', () => expect(state({})).toEqual({ canWrite: true, canSend: true }));

  it('leads strangers to the sign-in', () =>
    expect(state({ signedIn: false, you: undefined })).toMatchObject({ canWrite: false, action: 'sign-in' }));

  it('leads there again when the token was not taken', () =>
    expect(state({ you: undefined })).toMatchObject({ canWrite: false, action: 'sign-in' }));

  it.each([
    [{ ended: true }, /ended/],
    [{ ended: true, view: 'recording' }, /during the show/],
    [{ standing: { state: 'banned' } }, /banned/],
    [{ status: { at: 'stopped', why: 'not-found' } }, /can’t chat/],
  ] as const)('is closed, and says why: %o', (change, words) => {
    expect(state(change).canWrite).toBe(false);
    expect(state(change).reason).toMatch(words);
  });

  it('counts a timeout down, and opens by itself when it is over', () => {
    const until = nowMs + 60_000;
    expect(state({ standing: { state: 'timeout', until } })).toMatchObject({
      canWrite: false,
      untilMs: until,
    });
    expect(state({ standing: { state: 'timeout', until }, nowMs: until }).canSend).toBe(true);
  });

  it('lets a text be written while it waits: slow mode, chat off, no connection', () => {
    for (const change of [
      { waitUntil: nowMs + 5_000, mode: mode({ slowS: 30 }) },
      { mode: mode({ off: true }) },
      { status: { at: 'reconnecting' } },
      { status: { at: 'waiting', why: 'lost', untilMs: 0 } },
    ] as const) {
      const { canWrite, canSend, reason } = state(change);
      expect([canWrite, canSend, reason === undefined]).toEqual([true, false, false]);
    }
  });

  it('is for followers, with a way to become one and the time that is left', () => {
    const followers = mode({ followersMin: 10 });
    expect(state({ mode: followers })).toMatchObject({ canWrite: false, action: 'follow' });
    const early = state({ mode: followers, followedSince: nowMs - 60_000 });
    expect(early).toMatchObject({ canSend: false, untilMs: nowMs + 540_000 });
    expect(state({ mode: followers, followedSince: nowMs - 600_000 }).canSend).toBe(true);
    expect(state({ mode: mode({ followersMin: 0 }), followedSince: nowMs }).canSend).toBe(true);
  });

  it('holds nobody of the staff up by what is for viewers', () =>
    expect(
      state({ you: { ...you, role: 'moderator' }, mode: mode({ off: true, followersMin: 10, slowS: 60 }) })
        .canSend,
    ).toBe(true));

  it('sends those who watch an earlier moment to now', () =>
    expect(state({ view: 'timeshift' })).toMatchObject({ canWrite: false, action: 'go-live' }));
});
