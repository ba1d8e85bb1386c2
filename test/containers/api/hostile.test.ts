import { once } from 'node:events';
import { get } from 'node:http';
import { connect } from 'node:net';
import { urlToHttpOptions } from 'node:url';
import { SignJWT, UnsecuredJWT, exportJWK, generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Problem } from '../../../core/api/types.ts';
import { createTokenVerifier } from '../../../runtime/identity/tokens.ts';
import { TableError } from '../../../runtime/store/tables/client.ts';
import { clientId, issuerUrl, startTestApi, type TestApi } from './harness.ts';

let api: TestApi;
let address: string;
beforeAll(async () => {
  api = await startTestApi();
  address = await api.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => api.close());

const withToken = (token: string) => ({ authorization: `Bearer ${token}` });

/** Claims that are right in everything, to be made wrong in one thing. */
const goodClaims = (): { nowS: number; jwt: SignJWT } => {
  const nowS = Math.floor(api.clock.now() / 1_000);
  return {
    nowS,
    jwt: new SignJWT({})
      .setIssuer(issuerUrl)
      .setSubject('mallory')
      .setAudience(clientId)
      .setIssuedAt(nowS)
      .setExpirationTime(nowS + 600),
  };
};

describe('a token', () => {
  const refusals: Record<string, () => Promise<string> | string> = {
    'that is no JWT': () => 'abc',
    'of alg none': () => {
      const { nowS } = goodClaims();
      return new UnsecuredJWT({})
        .setIssuer(issuerUrl)
        .setSubject('mallory')
        .setAudience(clientId)
        .setExpirationTime(nowS + 600)
        .encode();
    },
    'of alg none with a signature of somebody': async () => {
      const [, payload, signature] = (await api.issuer.signFor('mallory')).split('.');
      return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.${signature}`;
    },
    'of HS256 with the public key as its secret': async () => {
      const { publicKey } = await generateKeyPair('ES256', { extractable: true });
      const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(publicKey)));
      return goodClaims().jwt.setProtectedHeader({ alg: 'HS256' }).sign(secret);
    },
    'signed with another key': async () => {
      const { privateKey } = await generateKeyPair('ES256');
      return goodClaims().jwt.setProtectedHeader({ alg: 'ES256' }).sign(privateKey);
    },
    'that brings its own key': async () => {
      const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
      const jwk = await exportJWK(publicKey);
      return goodClaims().jwt.setProtectedHeader({ alg: 'ES256', jwk }).sign(privateKey);
    },
    'with a changed payload': async () => {
      const [header, payload, signature] = (await api.issuer.signFor('mallory')).split('.');
      const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()) as object;
      const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'admin' })).toString('base64url');
      return `${header}.${changed}.${signature}`;
    },
    'that has expired': () => api.issuer.signFor('mallory', { lifetimeS: -31 }),
    'of 9 KB': () => 'a'.repeat(9_000),
  };

  it.each(Object.keys(refusals))('%s is refused with 401', async (name) => {
    const token = (await refusals[name]?.()) ?? '';
    const answer = await api.ask(null, 'GET', '/api/me/channels', undefined, withToken(token));
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('invalid_token');
    expect(answer.body).not.toContain(token.slice(-20));
  });

  it.each(['Basic abc', 'Bearer', 'Bearer a b', 'bearer  ', 'Bearer "x"'])(
    'in a header that reads %j is refused with 401',
    async (authorization) => {
      const answer = await api.ask(null, 'GET', '/api/me/channels', undefined, { authorization });
      expect(answer.statusCode).toBe(401);
    },
  );

  it('says what is wrong with it, so that a person can act', async () => {
    const token = await api.issuer.signFor('mallory', { lifetimeS: -31 });
    const answer = await api.ask(null, 'GET', '/api/me/channels', undefined, withToken(token));
    expect(answer.json<Problem>().detail).toBe(
      'The token was refused: the token has expired: sign in again.',
    );
  });

  it('is accepted when it is good', async () => {
    expect((await api.ask('alice', 'GET', '/api/me/channels')).statusCode).toBe(200);
  });

  it('that nobody can check is a 503 and not a 401, and public things go on', async () => {
    const lonely = await startTestApi({
      verifier: createTokenVerifier({
        issuer: issuerUrl,
        clientId,
        clock: api.clock,
        fetch: () => Promise.reject(new TypeError('fetch failed')),
      }),
    });
    const mine = await lonely.ask('alice', 'GET', '/api/me/channels');
    expect(mine.statusCode).toBe(503);
    expect(mine.headers['retry-after']).toBe('5');
    expect((await lonely.ask('alice', 'GET', '/api/directory')).statusCode).toBe(200);
    await lonely.close();
  });
});

/** As it stands: fetch and inject would tidy the path up. */
const raw = (path: string): Promise<{ status: number; type: string; body: string }> =>
  new Promise((resolve, reject) => {
    get({ ...urlToHttpOptions(new URL(address)), path, agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          body,
        }),
      );
    }).on('error', reject);
  });

describe('ids and paths', () => {
  it.each([
    '/api/broadcasts/..%2f..%2fetc%2fpasswd',
    '/api/broadcasts/%2e%2e/playback',
    `/api/broadcasts/${'A'.repeat(26)}`,
    `/api/broadcasts/${'0'.repeat(25)}`,
    `/api/broadcasts/${'0'.repeat(26)}%00/playback`,
    '/api/channels/%F0%9F%8C%8A',
    "/api/channels/'%20OR%201=1",
    '/api/broadcasts/constructor',
    '/api/broadcasts/%',
    '/api/broadcasts/%C3%28',
  ])('%s is refused with 400', async (url) => {
    const { status, type } = await raw(url);
    expect(status).toBe(400);
    expect(type).toContain('application/problem+json');
  });

  it.each([
    '/',
    '/api',
    '/api/',
    '/api/nothing',
    '/api/../../etc/passwd',
    '//api/config',
    '/api/config/',
    '/API/CONFIG',
  ])('%s is refused with 404', async (url) => {
    const { status, type, body } = await raw(url);
    expect(status).toBe(404);
    expect(type).toContain('application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ status: 404, title: 'Not Found' });
  });

  it('of absurd length are refused', async () => {
    expect((await raw(`/api/broadcasts/${'0'.repeat(2_000)}`)).status).toBe(414);
    expect((await raw(`/api/config?${'x'.repeat(50_000)}`)).status).toBe(431);
  });

  it.each([
    ['DELETE', '/api/channels', 'POST'],
    ['PUT', `/api/channels/${'0'.repeat(26)}`, 'GET, HEAD, PATCH'],
    ['POST', '/api/directory?x=1', 'GET, HEAD'],
    ['OPTIONS', '/api/config', 'GET, HEAD'],
  ] as const)('%s %s is refused with 405 and the methods there are', async (method, url, allow) => {
    const answer = await api.ask(null, method, url);
    expect(answer.statusCode).toBe(405);
    expect(answer.headers.allow).toBe(allow);
  });
});

describe('bodies', () => {
  const post = async (body: string, type = 'application/json'): Promise<Response> =>
    fetch(`${address}/api/channels`, {
      method: 'POST',
      body,
      headers: { 'content-type': type, ...withToken(await api.issuer.signFor('alice')) },
    });

  it('of more than 64 KiB are refused with 413, announced or not', async () => {
    const answer = await post(JSON.stringify({ name: 'x'.repeat(70_000) }));
    expect(answer.status).toBe(413);
    expect(((await answer.json()) as Problem).detail).toContain('65536');

    const { port, hostname } = new URL(address);
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    // The server closes while we still write: what counts is what it said.
    socket.on('error', () => undefined);
    socket.write(
      'POST /api/channels HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    for (let n = 0; n < 80; n += 1) socket.write(`400\r\n${'x'.repeat(1_024)}\r\n`);
    if (!socket.destroyed) await once(socket, 'close');
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/xml'])(
    'of %s are refused with 415',
    async (type) => {
      const answer = await post('name=x', type);
      expect(answer.status).toBe(415);
      expect(((await answer.json()) as Problem).detail).toContain('application/json');
    },
  );

  it.each([
    ['nothing', ''],
    ['half an object', '{"name":'],
    ['not JSON', 'name: x'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a prototype', '{"name":"x","__proto__":{"admin":true}}'],
    ['a constructor', '{"name":"x","constructor":{"prototype":{"admin":true}}}'],
    ['a very deep one', `{"name":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
  ])('of %s are refused with 400', async (_what, body) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  it('with a hostile value get it back short and only as JSON', async () => {
    const answer = await post(JSON.stringify({ name: 'x', visibility: `</script>${'y'.repeat(5_000)}` }));
    const problem = (await answer.json()) as Problem;
    expect(answer.status).toBe(400);
    expect(problem.detail.length).toBeLessThan(300);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });
});

describe('every answer', () => {
  it.each([
    ['/api/config', 200],
    ['/healthz', 200],
    ['/api/nothing', 404],
    ['/api/me/channels', 401],
    ['/api/broadcasts/x', 400],
  ] as const)('to %s has security headers and a word on caching', async (url, status) => {
    const answer = await api.ask(null, 'GET', url);
    expect(answer.statusCode).toBe(status);
    expect(answer.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'cache-control': status === 200 && url !== '/healthz' ? 'public, max-age=2' : 'private, no-store',
    });
  });

  it('tells the time fresh', async () => {
    const answer = await api.ask(null, 'GET', '/api/time');
    expect(answer.json()).toEqual({ nowMs: api.clock.now() });
    expect(answer.headers['cache-control']).toBe('private, no-store');
  });

  it('answers HEAD like GET, without the body', async () => {
    const answer = await api.ask(null, 'HEAD', '/api/directory');
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toBe('');
  });

  it('is a 503 and not a 500 while the tables are away, and says nothing of the cause', async () => {
    const broken = await startTestApi();
    const away = new TableError('could not read', { cause: new Error('10.0.0.7 refused') });
    broken.tables.broadcasts.listLive = () => Promise.reject(away);
    const other = await startTestApi({ broadcasts: broken.tables.broadcasts });
    const answer = await other.ask(null, 'GET', '/api/directory');
    expect(answer.statusCode).toBe(503);
    expect(answer.body).not.toContain('10.0.0.7');
    expect(other.logLines.join('')).toContain('10.0.0.7');

    broken.tables.broadcasts.listLive = () => Promise.reject(new RangeError('secret thing'));
    const unexpected = await other.ask(null, 'GET', '/api/directory');
    expect(unexpected.statusCode).toBe(500);
    expect(unexpected.body).not.toContain('secret');
    await Promise.all([broken.close(), other.close()]);
  });
});

describe('the log', () => {
  it('has a line for every request, and no token, cookie, query or stream key in any', async () => {
    const from = api.logLines.length;
    const token = await api.issuer.signFor('alice');
    const made = await api.ask(null, 'POST', '/api/channels', { name: 'x' }, withToken(token));
    const { streamKey } = made.json<{ streamKey: string }>();
    await api.ask(null, 'GET', '/api/directory?cursor=query-secret&token=query-secret', undefined, {
      ...withToken(token),
      cookie: 'CloudFront-Policy=cookie-secret',
    });
    await api.ask(null, 'GET', `/api/channels/${streamKey}/studio`, undefined, withToken(`${token}x`));
    await api.ask(null, 'GET', `/live/${streamKey}?access_token=query-secret`);
    const lines = api.logLines.slice(from);
    expect(lines.filter((line) => line.includes('"msg":"request"'))).toHaveLength(4);
    const text = lines.join('');
    for (const secret of [token, token.slice(-30), 'query-secret', 'cookie-secret', streamKey])
      expect(text).not.toContain(secret);
  });
});
