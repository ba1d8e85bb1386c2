import { createSign, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesWildcard, signCookies, verifyCookies } from '../../../runtime/identity/signed-cookies.ts';

const pair = (): { readonly publicKeyPem: string; readonly privateKeyPem: string } => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  return {
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
};
const { publicKeyPem, privateKeyPem } = pair();
const publicKeys = new Map([['K1', publicKeyPem]]);
const nowMs = 1_800_000_000_000;
const url = 'https://media.example.com/archive/b1/360p/1-0-0.m4s';
const resource = 'https://media.example.com/archive/b1/*';
const signed = signCookies({ resource, expiresAtMs: nowMs + 60_000, privateKeyPem, keyPairId: 'K1' });

/** A policy that signCookies would not make, rightly signed. */
function withPolicy(policy: string): Record<string, string> {
  const encode = (bytes: Buffer): string =>
    bytes.toString('base64').replaceAll('+', '-').replaceAll('=', '_').replaceAll('/', '~');
  return {
    'CloudFront-Policy': encode(Buffer.from(policy)),
    'CloudFront-Signature': encode(createSign('RSA-SHA1').update(policy).sign(privateKeyPem)),
    'CloudFront-Key-Pair-Id': 'K1',
  };
}
const before = { 'AWS:EpochTime': nowMs / 1_000 + 60 };
const after = { 'AWS:EpochTime': nowMs / 1_000 + 30 };

const check = (cookies: Readonly<Record<string, string | undefined>>, changed = {}): unknown =>
  verifyCookies({ cookies, url, nowMs, publicKeys, ...changed });

describe('signed cookies', () => {
  it('open everything below their path', () => {
    expect(check({ ...signed })).toEqual({ ok: true });
    expect(check({ ...signed }, { url: 'https://media.example.com/archive/b1/master.m3u8' })).toEqual({
      ok: true,
    });
  });

  it('have values that a cookie may hold', () => {
    for (const value of Object.values(signed)) expect(value).toMatch(/^[\w\-~]+$/);
  });

  it.each([
    'https://media.example.com/archive/b2/master.m3u8',
    'https://media.example.com/archive/b1',
    'https://other.example.com/archive/b1/master.m3u8',
    'http://media.example.com/archive/b1/master.m3u8',
    'https://evil.example.com/?https://media.example.com/archive/b1/x',
  ])('do not open %s', (other) => {
    expect(check({ ...signed }, { url: other })).toEqual({ ok: false, reason: 'other-resource' });
  });

  it('expire at their second', () => {
    expect(check({ ...signed }, { nowMs: nowMs + 59_999 })).toEqual({ ok: true });
    expect(check({ ...signed }, { nowMs: nowMs + 60_000 })).toEqual({ ok: false, reason: 'expired' });
  });

  it('wait for DateGreaterThan', () => {
    const cookies = withPolicy(
      JSON.stringify({
        Statement: [{ Resource: resource, Condition: { DateLessThan: before, DateGreaterThan: after } }],
      }),
    );
    expect(check(cookies)).toEqual({ ok: false, reason: 'not-yet' });
    expect(check(cookies, { nowMs: nowMs + 31_000 })).toEqual({ ok: true });
  });

  it('are refused when one is missing', () => {
    for (const name of Object.keys(signed))
      expect(check({ ...signed, [name]: undefined })).toEqual({ ok: false, reason: 'missing' });
  });

  it('are refused when the key is not known, or is another one', () => {
    expect(check({ ...signed, 'CloudFront-Key-Pair-Id': 'K2' })).toEqual({
      ok: false,
      reason: 'unknown-key',
    });
    const others = new Map([['K1', pair().publicKeyPem]]);
    expect(check({ ...signed }, { publicKeys: others })).toEqual({ ok: false, reason: 'bad-signature' });
  });

  it('are refused when the policy was changed', () => {
    const changed = withPolicy('{}')['CloudFront-Policy'];
    expect(check({ ...signed, 'CloudFront-Policy': changed })).toEqual({
      ok: false,
      reason: 'bad-signature',
    });
  });

  it.each([
    [
      'a condition that is not checked',
      { DateLessThan: before, IpAddress: { 'AWS:SourceIp': '10.0.0.1/32' } },
    ],
    ['no end', {}],
    ['a time that is no number', { DateLessThan: { 'AWS:EpochTime': '1e99' } }],
  ])('are refused when the policy has %s', (_, Condition) => {
    const policy = JSON.stringify({ Statement: [{ Resource: resource, Condition }] });
    expect(check(withPolicy(policy))).toEqual({ ok: false, reason: 'malformed' });
  });

  it('are refused when the signed policy has two statements', () => {
    const statement = { Resource: resource, Condition: { DateLessThan: before } };
    expect(check(withPolicy(JSON.stringify({ Statement: [statement, statement] })))).toEqual({
      ok: false,
      reason: 'malformed',
    });
  });

  it('are refused unread when they are larger than a browser sends', () => {
    const huge = 'A'.repeat(100_000);
    expect(check({ ...signed, 'CloudFront-Policy': huge })).toEqual({ ok: false, reason: 'malformed' });
    expect(check({ ...signed, 'CloudFront-Signature': huge })).toEqual({ ok: false, reason: 'malformed' });
  });

  it('are refused, never thrown at, whatever they hold', () => {
    const name = fc.constantFrom(...Object.keys(signed));
    fc.assert(
      fc.property(name, fc.string({ unit: 'binary' }), (changed, value) => {
        expect(check({ ...signed, [changed]: value })).toMatchObject({ ok: false });
      }),
    );
  });

  it('are refused when a key of the edge cannot be read', () => {
    expect(check({ ...signed }, { publicKeys: new Map([['K1', 'no key']]) })).toEqual({
      ok: false,
      reason: 'bad-signature',
    });
  });
});

describe('matchesWildcard', () => {
  it('means what a regular expression of the same pattern means', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
    fc.assert(
      fc.property(letters, text, (pattern, candidate) => {
        const equal = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(candidate);
        expect(matchesWildcard(pattern, candidate)).toBe(equal);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is done at once with patterns that make regular expressions run for ever', () => {
    expect(matchesWildcard(`${'*a'.repeat(500)}b`, 'a'.repeat(4_000))).toBe(false);
  });
});
