import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JoinRefusal } from '../../../../core/chat/protocol.ts';
import {
  firstAttempt,
  hurried,
  nextAttempt,
  type Attempts,
  type Ending,
  type Next,
} from '../../../../web/watch/chat/reconnect.ts';

const lost: Ending = { kind: 'lost', opened: false, forMs: 0 };
const refused = (refusal: Omit<JoinRefusal, 'text'>): Ending => ({
  kind: 'refused',
  refusal: { text: '', ...refusal },
});
type Wait = Extract<Next, { do: 'wait' }>;
const after = (before: Attempts, ending: Ending, random = 1): Wait => {
  const next = nextAttempt(before, ending, () => random);
  if (next.do !== 'wait') throw new Error(`stopped: ${next.why}`);
  return next;
};
const times = (count: number, ending: Ending, from = firstAttempt): Attempts =>
  Array.from({ length: count }).reduce((now: Attempts) => after(now, ending).attempts, from);

describe('coming back to the chat', () => {
  it('waits anything up to twice as long each time, and never longer than 30 s', () => {
    const longest = Array.from({ length: 8 }, (_, i) => after(times(i, lost), lost).afterMs);
    expect(longest).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000]);
    expect(after(times(6, lost), lost, 0).afterMs).toBe(0);
  });

  it('spreads a crowd over the whole wait', () =>
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(20), (random, failures) => {
        const waited = after(times(failures, lost), lost, random).afterMs;
        expect(waited).toBe(Math.round(random * after(times(failures, lost), lost, 1).afterMs));
      }),
    ));

  it('begins anew after a stay, but not after a short one', () => {
    const tired = times(5, lost);
    expect(after(tired, { kind: 'lost', opened: true, forMs: 60_000 }).afterMs).toBe(2_000);
    expect(after(tired, { kind: 'lost', opened: true, forMs: 500 }).afterMs).toBe(30_000);
  });

  it('tries long polling in turns once WebSockets have not opened three times', () => {
    const turns = Array.from({ length: 7 }, (_, i) => times(i, lost).polling);
    expect(turns).toEqual([false, false, false, true, false, true, false]);
  });

  it('stays with what opened', () => {
    const polling = times(3, lost);
    expect(after(polling, { kind: 'lost', opened: true, forMs: 60_000 }).attempts.polling).toBe(true);
    expect(after(firstAttempt, { kind: 'lost', opened: true, forMs: 60_000 }).attempts.polling).toBe(false);
  });

  it('is never earlier than the server has asked for', () =>
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(60_000),
        fc.nat(10),
        (random, askedMs, failures) => {
          const before = times(failures, lost);
          for (const ending of [
            { kind: 'leave', afterMs: askedMs },
            { kind: 'moved', path: '/chat/b/', afterMs: askedMs },
            refused({ code: 'busy', retryAfterMs: askedMs }),
            refused({ code: 'unavailable', retryAfterMs: askedMs }),
          ] as const) {
            const next = after(before, ending, random);
            expect(next.afterMs).toBeGreaterThanOrEqual(askedMs);
            expect(next.leastMs).toBe(askedMs);
            expect(hurried(next.afterMs, next.leastMs, () => random)).toBeGreaterThanOrEqual(askedMs);
          }
        },
      ),
    ));

  it('goes where the chat has moved to, with rests when it is sent to and fro', () => {
    const moved = refused({ code: 'moved', path: '/chat/b/' });
    expect(after(firstAttempt, moved)).toMatchObject({ path: '/chat/b/', afterMs: 0, why: 'moved' });
    expect(after(times(4, moved), moved).afterMs).toBe(30_000);
  });

  it('joins without the token that was not taken', () => {
    const next = after(firstAttempt, refused({ code: 'bad-token' }));
    expect(next.attempts.anonymous).toBe(true);
    expect(nextAttempt(next.attempts, refused({ code: 'bad-token' }), () => 0).do).toBe('stop');
  });

  it('stops where asking again changes nothing', () => {
    expect(nextAttempt(firstAttempt, refused({ code: 'not-found' }), () => 0).do).toBe('stop');
    expect(nextAttempt(firstAttempt, refused({ code: 'bad-request' }), () => 0).do).toBe('stop');
  });

  it('is hurried when the page is seen again, spread over a second', () => {
    expect(hurried(30_000, 0, () => 0.5)).toBe(500);
    expect(hurried(200, 0, () => 0.9)).toBe(200);
    expect(hurried(30_000, -5_000, () => 0)).toBe(0);
  });
});
