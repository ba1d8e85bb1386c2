import { describe, expect, it } from 'vitest';
import { knowTokens } from '../../../runtime/identity/known-tokens.ts';

/** A JWT as far as its expiry is read from it; whether it is good is the verifier's part. */
const tokenUntil = (expS: number): string =>
  ['{}', JSON.stringify({ exp: expS }), 'x'].map((part) => Buffer.from(part).toString('base64url')).join('.');

describe('known tokens', () => {
  it('are checked once until they expire', async () => {
    let nowMs = 0;
    let checks = 0;
    const known = knowTokens(
      {
        verify: async () => {
          checks += 1;
          return { subject: `person ${checks}`, groups: [] };
        },
      },
      () => nowMs,
    );
    const token = tokenUntil(10);
    for (let n = 0; n < 5; n += 1) expect((await known.verify(token)).subject).toBe('person 1');
    await known.verify(tokenUntil(11));
    expect(checks).toBe(2);
    nowMs = 10_000;
    await known.verify(token);
    expect(checks).toBe(3);
  });
});
