import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatStreamKey, parseStreamKey } from '../../../core/broadcast/stream-key.ts';

const channelId = '01hzy3v7q8k2m4n6p8r0s2t4v6';
const secret = 'abcdefghijklmnopqrstuvwxyz012345';
const unit = fc.constantFrom(...'0123456789abcdefghijklmnopqrstuvwxyz'.split(''));
const keyParts = fc.record({
  channelId: fc.string({ unit, minLength: 26, maxLength: 26 }),
  secret: fc.string({ unit, minLength: 32, maxLength: 32 }),
});

describe('stream keys', () => {
  test('are channel and secret with an underscore between them', () => {
    expect(formatStreamKey({ channelId, secret })).toBe(`${channelId}_${secret}`);
  });

  test('are read back as what was written, with or without a query behind them', () => {
    fc.assert(
      fc.property(keyParts, fc.string(), (key, query) => {
        expect(parseStreamKey(formatStreamKey(key))).toEqual(key);
        expect(parseStreamKey(`${formatStreamKey(key)}?${query}`)).toEqual(key);
      }),
    );
  });

  test.each([
    ['nothing', ''],
    ['only a query', '?a=b'],
    ['no secret', channelId],
    ['an empty secret', `${channelId}_`],
    ['a secret that is too short', `${channelId}_${secret.slice(1)}`],
    ['a secret that is too long', `${channelId}_${secret}0`],
    ['a channel that is too short', `${channelId.slice(1)}_${secret}`],
    ['capitals', `${channelId}_${secret}`.toUpperCase()],
    ['a space in front', ` ${channelId}_${secret}`],
    ['a line break behind', `${channelId}_${secret}\n`],
    ['a slash', `live/${channelId}_${secret}`],
    ['another separator', `${channelId}-${secret}`],
    ['letters that look like ours', `${channelId}_${secret.replace('a', '\u0430')}`],
  ])('%s is no key', (_what, text) => {
    expect(parseStreamKey(text)).toBeUndefined();
  });

  test('whatever is read as a key is exactly what its parts make', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.oneof(unit, fc.constantFrom('_', '?', '\n', '-')), maxLength: 70 }),
        (text) => {
          const key = parseStreamKey(text);
          if (key !== undefined) expect(text.split('?')[0]).toBe(formatStreamKey(key));
        },
      ),
    );
  });
});
