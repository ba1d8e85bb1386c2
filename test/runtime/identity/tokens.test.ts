import { generateKeyPairSync } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import { createTokenVerifier, IssuerUnreachableError, TokenError } from '../../../runtime/identity/tokens.ts';

const issuer = 'https://issuer.test/pool';
const clientId = 'app';
const nowMs = Date.UTC(2026, 10, 20);
const nowS = nowMs / 1_000;

/** An issuer whose answers the test writes. */
class FakeIssuer {
  metadata: unknown = { issuer, jwks_uri: `${issuer}/keys` };
  keys: JWK[] = [];
  down = false;
  readonly asked: string[] = [];

  readonly fetch = async (url: string): Promise<Response> => {
    this.asked.push(url);
    if (this.down) throw new TypeError('fetch failed');
    if (url === `${issuer}/.well-known/openid-configuration`) return Response.json(this.metadata);
    if (url === `${issuer}/keys`) return Response.json({ keys: this.keys });
    return new Response('', { status: 404 });
  };

  async addKey(alg: string, kid: string): Promise<CryptoKey> {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    this.keys.push({ ...(await exportJWK(publicKey)), kid, alg });
    return privateKey;
  }
}

let fake: FakeIssuer;
let key: CryptoKey;
beforeEach(async () => {
  fake = new FakeIssuer();
  key = await fake.addKey('ES256', 'one');
});

const verifier = () =>
  createTokenVerifier({ issuer, clientId, clock: { now: () => nowMs }, fetch: fake.fetch });

const good: JWTPayload = { iss: issuer, sub: 'alice', aud: clientId, exp: nowS + 60 };
const sign = (claims: JWTPayload = good, alg = 'ES256', kid = 'one', by: CryptoKey = key): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg, kid }).sign(by);
const signAs = (typ: string, claims: JWTPayload = good): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'one', typ }).sign(key);

const fault = async (token: string): Promise<unknown> => {
  try {
    return await verifier().verify(token);
  } catch (error) {
    return error instanceof TokenError ? error.fault : error;
  }
};

describe('a token', () => {
  it.each(['RS256', 'ES256', 'EdDSA', 'Ed25519'])('signed with %s is read', async (alg) => {
    const other = await fake.addKey(alg, 'other');
    expect(await verifier().verify(await sign(good, alg, 'other', other))).toEqual({
      subject: 'alice',
      groups: [],
    });
  });

  it.each(['RS512', 'ES384', 'PS256'])('signed with %s is not, though its key is known', async (alg) => {
    const other = await fake.addKey(alg, 'other');
    expect(await fault(await sign(good, alg, 'other', other))).toBe('algorithm');
  });

  it('signed with HS256 and the public key as its secret is refused', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    fake.keys.push({ ...(await exportJWK(publicKey)), kid: 'rsa' });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const token = new SignJWT(good).setProtectedHeader({ alg: 'HS256', kid: 'rsa' });
    expect(await fault(await token.sign(new TextEncoder().encode(String(pem))))).toBe('algorithm');
    expect(privateKey.asymmetricKeyType).toBe('rsa');
  });

  it('is good until 30 s after it expires, and 30 s before it begins', async () => {
    expect(await fault(await sign({ ...good, exp: nowS - 29 }))).toEqual({ subject: 'alice', groups: [] });
    expect(await fault(await sign({ ...good, exp: nowS - 31 }))).toBe('expired');
    expect(await fault(await sign({ ...good, nbf: nowS + 29 }))).toEqual({ subject: 'alice', groups: [] });
    expect(await fault(await sign({ ...good, nbf: nowS + 31 }))).toBe('not-yet-valid');
  });

  it.each<[string, JWTPayload, string]>([
    ['of another issuer', { ...good, iss: 'https://issuer.test/other' }, 'wrong-issuer'],
    ['for another application', { ...good, aud: 'other' }, 'wrong-audience'],
    ['for nobody', { iss: issuer, sub: 'alice', exp: nowS + 60 }, 'wrong-audience'],
    ['that never expires', { iss: issuer, sub: 'alice', aud: clientId }, 'no-subject'],
    ['of nobody', { iss: issuer, aud: clientId, exp: nowS + 60 }, 'no-subject'],
    ['of an empty subject', { ...good, sub: '' }, 'no-subject'],
    ['of a subject with a line break', { ...good, sub: 'a\nb' }, 'no-subject'],
    ['of a subject without end', { ...good, sub: 'a'.repeat(256) }, 'no-subject'],
  ])('%s is refused', async (_what, claims, expected) => {
    expect(await fault(await sign(claims))).toBe(expected);
  });

  it('for several applications is good for each', async () => {
    expect(await fault(await sign({ ...good, aud: ['other', clientId] }))).toEqual({
      subject: 'alice',
      groups: [],
    });
  });

  it('of Cognito is good as an access token of this application, and only so', async () => {
    const cognito = { iss: issuer, sub: 'alice', exp: nowS + 60, token_use: 'access', client_id: clientId };
    expect(await fault(await sign(cognito))).toEqual({ subject: 'alice', groups: [] });
    expect(await fault(await sign({ ...cognito, client_id: 'other' }))).toBe('wrong-audience');
    expect(await fault(await sign({ ...cognito, token_use: undefined }))).toBe('wrong-audience');
    expect(await fault(await sign({ ...cognito, aud: 'other' }))).toBe('wrong-audience');
  });

  it.each<[string, JWTPayload]>([
    ['of Cognito', { token_use: 'id' }],
    ['of Keycloak', { typ: 'ID' }],
    ['with the nonce of a sign-in', { nonce: 'n' }],
    ['with the hash of an access token', { at_hash: 'h' }],
    ['with the hash of a code', { c_hash: 'h' }],
    ['that says two things', { typ: 'Bearer', at_hash: 'h' }],
  ])('for this application, but an ID token %s, is refused', async (_what, claims) => {
    expect(await fault(await sign({ ...good, ...claims }))).toBe('id-token');
    expect(await fault(await signAs('JWT', { ...good, ...claims }))).toBe('id-token');
    await expect(verifier().verify(await sign({ ...good, ...claims }))).rejects.toThrow(
      'this is an ID token: send the access token',
    );
  });

  it.each(['JWT', 'jwt', 'at+jwt', 'application/at+jwt', 'AT+JWT'])('of the type %s is read', async (typ) => {
    expect(await fault(await signAs(typ))).toEqual({ subject: 'alice', groups: [] });
  });

  it.each(['logout+jwt', 'dpop+jwt', 'application/secevent+jwt', 'JOSE', 'at+jwt+more', ''])(
    'of the type %j is refused',
    async (typ) => {
      expect(await fault(await signAs(typ))).toBe('other-kind');
    },
  );

  it('that says it is an access token may repeat the nonce, as those of Keycloak before 25 do', async () => {
    const alice = { subject: 'alice', groups: [] };
    expect(await fault(await signAs('JWT', { ...good, typ: 'Bearer', nonce: 'n' }))).toEqual(alice);
    expect(await fault(await signAs('at+jwt', { ...good, nonce: 'n' }))).toEqual(alice);
    expect(await fault(await signAs('at+jwt', { ...good, token_use: 'id' }))).toBe('id-token');
  });

  it.each<[string, JWTPayload, string[]]>([
    ['none', {}, []],
    ['those of Cognito', { 'cognito:groups': ['operators', 'staff'] }, ['operators', 'staff']],
    ['those of others', { groups: ['operators'] }, ['operators']],
    ['those of Cognito before others', { 'cognito:groups': ['staff'], groups: ['operators'] }, ['staff']],
    ['a single one without a list', { groups: 'operators' }, ['operators']],
    ['only what is text', { groups: ['operators', 7, null, ['operators']] }, ['operators']],
    ['none where something else stands', { groups: { operators: true } }, []],
  ])('says the groups: %s', async (_what, claims, groups) => {
    expect(await verifier().verify(await sign({ ...good, ...claims }))).toEqual({ subject: 'alice', groups });
  });

  it.each([
    ['what people chose', { preferred_username: 'Alice', name: 'A. Liddell' }, 'Alice'],
    ['a nickname before a name', { nickname: 'Al', name: 'A. Liddell' }, 'Al'],
    ['Cognito’s user name when there is nothing else', { username: 'alice-7' }, 'alice-7'],
    [
      'nothing of what is no text or empty',
      { preferred_username: 7, name: ' ', username: 'alice-7' },
      'alice-7',
    ],
  ])('says the name: %s', async (_what, claims, name) => {
    const identity = await verifier().verify(await sign({ ...good, ...claims }));
    expect(identity).toEqual({ subject: 'alice', groups: [], name });
  });

  it('of a key that the issuer does not name is refused', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    expect(await fault(await sign(good, 'ES256', 'two', privateKey))).toBe('bad-signature');
    expect(await fault(await sign(good, 'ES256', 'one', privateKey))).toBe('bad-signature');
  });

  it.each(['', 'a', 'a.b', 'a.b.c', 'e30.e30.e30', 'a'.repeat(9_000)])(
    'that reads %j is malformed',
    async (token) => {
      expect(await fault(token)).toBe('malformed');
    },
  );
});

describe('the issuer’s keys', () => {
  it('are asked for once, however many tokens come', async () => {
    const one = verifier();
    const token = await sign();
    await Promise.all(Array.from({ length: 20 }, () => one.verify(token)));
    await one.verify(token);
    expect(fake.asked).toEqual([`${issuer}/.well-known/openid-configuration`, `${issuer}/keys`]);
  });

  it('are not asked for again by a flood of unknown key ids', async () => {
    const one = verifier();
    await one.verify(await sign());
    for (let n = 0; n < 5; n += 1)
      await expect(one.verify(await sign(good, 'ES256', `unknown-${n}`))).rejects.toThrow(TokenError);
    expect(fake.asked).toHaveLength(2);
  });

  it('that can’t be had are no fault of the token, and are asked for again', async () => {
    const one = verifier();
    const token = await sign();
    fake.down = true;
    await expect(one.verify(token)).rejects.toThrow(IssuerUnreachableError);
    fake.down = false;
    expect(await one.verify(token)).toEqual({ subject: 'alice', groups: [] });
  });

  it.each<[string, unknown]>([
    ['calls itself otherwise', { issuer: 'https://evil.test', jwks_uri: `${issuer}/keys` }],
    ['names no keys', { issuer }],
    ['names keys that are not there', { issuer, jwks_uri: `${issuer}/nothing` }],
  ])('are not taken when the issuer %s', async (_what, metadata) => {
    fake.metadata = metadata;
    await expect(verifier().verify(await sign())).rejects.toThrow(IssuerUnreachableError);
  });
});
