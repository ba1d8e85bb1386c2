import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formatStreamKey, parseStreamKey } from '../../../core/broadcast/stream-key.ts';
import { hashSecret, newStreamKey, secretMatches } from '../../../runtime/identity/stream-keys.ts';

const channelId = '01k9x3v7q2m4n6p8r0s2t4v6w8';

describe('a new stream key', () => {
  it('has the form that the RTMP server reads', () => {
    const key = newStreamKey(channelId, randomBytes);
    expect(parseStreamKey(formatStreamKey(key))).toEqual(key);
  });

  it('takes every letter equally often: seven bytes make each, and the four that are over none', () => {
    const letters = Array.from({ length: 252 }, (_, byte) => {
      const { secret } = newStreamKey(channelId, (size) => new Uint8Array(size).fill(byte));
      expect(new Set(secret).size).toBe(1);
      return secret.charAt(0);
    });
    for (const letter of new Set(letters)) expect(letters.filter((each) => each === letter)).toHaveLength(7);
    let asked = 0;
    const { secret } = newStreamKey(channelId, (size) => {
      asked += 1;
      return new Uint8Array(size).fill(asked < 5 ? 251 + asked : 0);
    });
    expect([secret, asked]).toEqual(['0'.repeat(32), 5]);
  });
});

describe('a secret', () => {
  const { secret } = newStreamKey(channelId, randomBytes);

  it('matches its own hash and no other', () => {
    expect(secretMatches(secret, hashSecret(secret))).toBe(true);
    expect(secretMatches(`${secret.slice(0, -1)}!`, hashSecret(secret))).toBe(false);
    expect(secretMatches('', hashSecret(secret))).toBe(false);
  });

  it.each(['', 'zz', 'ab', 'ab'.repeat(33)])('matches no hash that reads %j', (hash) => {
    expect(secretMatches(secret, hash)).toBe(false);
  });
});
