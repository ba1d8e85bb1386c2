import { describe, expect, it } from 'vitest';
import {
  answered,
  failed,
  remedyFor,
  seen,
  shown,
  without,
  withUnsent,
  type Outbox,
} from '../../../../web/watch/chat/outbox.ts';
import { readKeepsake, writeKeepsake } from '../../../../web/watch/chat/keepsake.ts';
import { say } from './say.ts';

const sent = (...keys: readonly string[]): Outbox =>
  keys.reduce((now: Outbox, key) => withUnsent(now, { key, text: 'hello', atMs: 0 }), []);
const keys = (outbox: Outbox) => outbox.map(({ key }) => key);
const hello = (ms: number) => say(ms, 'Robin', 'hello');

describe('what helps after a refusal', () => {
  it.each(['empty', 'too-long', 'too-many-emoji', 'link', 'blocked-word', 'bad-characters'] as const)(
    'for %s is another text',
    (reason) => expect(remedyFor({ reason })).toBe('edit'),
  );
  it.each(['slow-mode', 'person-limit', 'platform-limit', 'timeout', 'unavailable', 'chat-off'] as const)(
    'for %s is time',
    (reason) => expect(remedyFor({ reason })).toBe('again'),
  );
  it('is nothing once the show has ended', () => expect(remedyFor({ reason: 'ended' })).toBe('none'));
  it('is another try where nobody knows what happened', () => {
    expect(remedyFor({})).toBe('again');
    expect(remedyFor({ reason: 'of a newer server' as never })).toBe('again');
  });
  it('is still known after a reload', () => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    };
    const unsent = failed(sent('a', 'b'), 'a', { trouble: 'No links.', reason: 'link' });
    writeKeepsake(storage, 'show', { draft: 'so', unsent });
    expect(readKeepsake(storage, 'show')).toMatchObject({
      draft: 'so',
      unsent: [
        { key: 'a', state: 'failed', trouble: 'No links.', reason: 'link' },
        { key: 'b', state: 'failed', trouble: 'Not known to have been sent' },
      ],
    });
  });
});

describe('own posts', () => {
  it('wait until they are answered', () => {
    expect(keys(shown(sent('a', 'b')))).toEqual(['a', 'b']);
    expect(keys(answered(sent('a', 'b'), 'a', hello(1).id))).toEqual(['b']);
  });

  it('are not shown twice when the socket brings them before the answer', () => {
    const early = seen(sent('a'), hello(1));
    expect(shown(early)).toEqual([]);
    expect(answered(early, 'a', hello(1).id)).toEqual([]);
  });

  it('are told apart by their ids when the same text is under way twice', () => {
    const early = seen(sent('a', 'b'), hello(1));
    expect(keys(shown(early))).toEqual(['b']);
    // It was b's: a waits again.
    const known = answered(early, 'b', hello(1).id);
    expect(keys(shown(known))).toEqual(['a']);
    expect(answered(seen(known, hello(2)), 'a', hello(2).id)).toEqual([]);
  });

  it('are found in whatever form the platform keeps the text', () =>
    expect(
      shown(
        seen(
          withUnsent([], { key: 'a', text: ' cafe\u0301  au\nlait ', atMs: 0 }),
          say(1, 'Robin', 'café au lait'),
        ),
      ),
    ).toEqual([]));

  it('say why they failed, and keep their key for the next attempt', () => {
    const [only] = failed(sent('a'), 'a', { trouble: 'Links are not allowed.', reason: 'link' });
    expect(only).toMatchObject({
      key: 'a',
      text: 'hello',
      state: 'failed',
      trouble: 'Links are not allowed.',
    });
    const again = withUnsent(only === undefined ? [] : [only], { key: 'a', text: 'hello', atMs: 1 });
    expect(again).toEqual([{ key: 'a', text: 'hello', atMs: 1, state: 'sending' }]);
  });

  it('are done when the answer was lost but the message was seen', () => {
    expect(failed(seen(sent('a'), hello(1)), 'a', { trouble: 'No answer.' })).toEqual([]);
    const lost = failed(sent('a'), 'a', { trouble: 'No answer.' });
    expect(keys(shown(lost))).toEqual(['a']);
    expect(shown(seen(lost, hello(1)))).toEqual([]);
  });

  it('that were refused are not what the socket brought', () =>
    expect(
      keys(shown(failed(seen(sent('a'), hello(1)), 'a', { trouble: 'Too fast.', reason: 'person-limit' }))),
    ).toEqual(['a']));

  it('can be taken back', () => expect(keys(without(sent('a', 'b'), 'a'))).toEqual(['b']));
});
