import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operatorGroup } from '../../../core/api/ops.ts';
import { createIssuer, type Issuer } from '../../../local/issuer/issuer.ts';
import { createTokenVerifier } from '../../../runtime/identity/tokens.ts';

const clientId = 'tidecast-web';
const pages = 'http://127.0.0.1:8080';
const redirectUri = `${pages}/signed-in`;
const clock = {
  nowMs: Date.now(),
  now(): number {
    return this.nowMs;
  },
};

let folder: string;
let server: Server;
let issuer: Issuer;
let issuerUrl: string;

const open = (): Promise<Issuer> =>
  createIssuer({
    issuerUrl,
    clientId,
    redirectOrigins: [pages],
    keyFile: join(folder, 'deep', 'key.json'),
    clock,
    random: randomBytes,
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidecast-issuer-'));
  server = createServer((request, response) => issuer.handler(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  issuerUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/local-issuer`;
  issuer = await open();
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

const verifier = 'v'.repeat(43);
const request = async (changes: Record<string, string | undefined> = {}): Promise<URLSearchParams> => {
  const wanted = {
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid profile',
    state: 'the-state',
    nonce: 'the-nonce',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...changes,
  };
  return new URLSearchParams(
    Object.entries(wanted).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
};

const submit = async (
  name: string,
  changes = {},
  headers: Record<string, string> = {},
): Promise<Response> => {
  const body = await request(changes);
  body.set('name', name);
  return fetch(`${issuerUrl}/authorize`, { method: 'POST', body, redirect: 'manual', headers });
};
const codeFor = async (name: string): Promise<string> =>
  new URL((await submit(name)).headers.get('location') ?? '').searchParams.get('code') ?? '';
const exchange = (changes: Record<string, string> = {}): Promise<Response> =>
  fetch(`${issuerUrl}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: clientId,
      redirect_uri: redirectUri,
      code_verifier: verifier,
      ...changes,
    }),
  });

describe('signing in', () => {
  it('works with a strict client, from discovery to the end of the session', async () => {
    const url = new URL(issuerUrl);
    const insecure = { [oauth.allowInsecureRequests]: true };
    const server = await oauth.processDiscoveryResponse(
      url,
      await oauth.discoveryRequest(url, { ...insecure, algorithm: 'oidc' }),
    );
    const client: oauth.Client = { client_id: clientId };
    const codeVerifier = oauth.generateRandomCodeVerifier();
    const nonce = oauth.generateRandomNonce();
    const state = oauth.generateRandomState();
    const parameters = await request({
      state,
      nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
    });
    const page = await fetch(`${server.authorization_endpoint}?${parameters}`);
    expect(page.status).toBe(200);
    // What a browser sends: the fields of the second form, with a name typed in.
    const form = new URLSearchParams();
    for (const [, name = '', value = ''] of (await page.text()).matchAll(
      /<input type="hidden" name="([^"]*)" value="([^"]*)"/g,
    ))
      form.set(name, value);
    form.set('name', 'Demo');
    const answer = await fetch(`${issuerUrl}/authorize`, { method: 'POST', body: form, redirect: 'manual' });
    expect(answer.status).toBe(303);

    const location = new URL(answer.headers.get('location') ?? '');
    expect(location.origin + location.pathname).toBe(redirectUri);
    const callback = oauth.validateAuthResponse(server, client, location, state);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      oauth.None(),
      callback,
      redirectUri,
      codeVerifier,
      insecure,
    );
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
      expectedNonce: nonce,
      requireIdToken: true,
    });
    expect(oauth.getValidatedIdTokenClaims(tokens)).toMatchObject({ sub: 'demo', name: 'demo' });
    const check = createTokenVerifier({ issuer: issuerUrl, clientId, clock });
    expect(await check.verify(tokens.access_token)).toEqual({ subject: 'demo', name: 'demo', groups: [] });
    await expect(check.verify(tokens.id_token ?? '')).rejects.toThrow('this is an ID token');

    const out = new URL(server.end_session_endpoint ?? '');
    out.searchParams.set('post_logout_redirect_uri', `${pages}/`);
    const left = await fetch(out, { redirect: 'manual' });
    expect(left.headers.get('location')).toBe(`${pages}/`);
  });

  it('with one click on a name is the same as typing it', async () => {
    const body = await request();
    body.set('pick', 'alice');
    const answer = await fetch(`${issuerUrl}/authorize`, { method: 'POST', body, redirect: 'manual' });
    const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? '';
    expect((await exchange({ code })).status).toBe(200);
  });

  it.each(['', ' ', '<b>', 'a'.repeat(41), 'naïve', 'a b', '../x'])(
    'as %j shows the page again',
    async (name) => {
      const answer = await submit(name);
      const page = await answer.text();
      expect(answer.status).toBe(400);
      expect(page).toContain('role="alert"');
      expect(page).not.toContain('<b>');
    },
  );

  it('is not done for a form of another site', async () => {
    expect((await submit('demo', {}, { origin: 'http://evil.test' })).status).toBe(403);
    expect((await submit('demo', {}, { origin: new URL(issuerUrl).origin })).status).toBe(303);
  });
});

describe('a request to sign in', () => {
  it.each([
    ['of another application', { client_id: 'other' }],
    ['to nowhere', { redirect_uri: undefined }],
    ['to another site', { redirect_uri: 'http://evil.test/signed-in' }],
    ['to a look-alike', { redirect_uri: 'http://127.0.0.1:8080.evil.test/' }],
    ['to another port', { redirect_uri: 'http://127.0.0.1:8081/signed-in' }],
    ['to a page behind a user name', { redirect_uri: 'http://127.0.0.1:8080@evil.test/' }],
    ['with a password in the address', { redirect_uri: 'http://a:b@127.0.0.1:8080/' }],
    ['to a fragment', { redirect_uri: `${redirectUri}#x` }],
    ['to a script', { redirect_uri: 'javascript:alert(1)' }],
    ['to an address that browsers read otherwise', { redirect_uri: 'http:\\\\127.0.0.1:8080/' }],
    ['with an endless state', { state: 's'.repeat(1_025) }],
  ] as [string, Record<string, string | undefined>][])('%s goes nowhere', async (_what, changes) => {
    for (const method of ['GET', 'POST']) {
      const parameters = await request(changes);
      const answer =
        method === 'GET'
          ? await fetch(`${issuerUrl}/authorize?${parameters}`, { redirect: 'manual' })
          : await submit('demo', changes);
      expect(answer.status).toBe(400);
      expect(answer.headers.get('location')).toBeNull();
    }
  });

  it.each([
    ['unsupported_response_type', { response_type: 'token' }],
    ['invalid_scope', { scope: 'profile' }],
    ['invalid_request', { code_challenge: undefined }],
    ['invalid_request', { code_challenge_method: 'plain' }],
    ['invalid_request', { code_challenge: 'short' }],
  ] as [string, Record<string, string | undefined>][])(
    'that is an %s is told to the application',
    async (error, changes) => {
      const answer = await fetch(`${issuerUrl}/authorize?${await request(changes)}`, { redirect: 'manual' });
      const location = new URL(answer.headers.get('location') ?? '');
      expect(location.searchParams.get('error')).toBe(error);
      expect(location.searchParams.get('state')).toBe('the-state');
    },
  );

  it('is shown as text only, on a page that runs nothing', async () => {
    const parameters = await request({ state: `"><script>alert(1)</script>` });
    const answer = await fetch(`${issuerUrl}/authorize?${parameters}`);
    expect(await answer.text()).not.toContain('<script');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
  });
});

describe('a code', () => {
  it('is good once', async () => {
    const code = await codeFor('demo');
    expect((await exchange({ code })).status).toBe(200);
    const again = await exchange({ code });
    expect(again.status).toBe(400);
    expect(await again.json()).toMatchObject({ error: 'invalid_grant' });
  });

  it('is not good after a minute', async () => {
    const code = await codeFor('demo');
    clock.nowMs += 60_001;
    expect((await exchange({ code })).status).toBe(400);
  });

  it.each([
    ['another verifier', { code_verifier: 'w'.repeat(43) }, 'invalid_grant'],
    ['no verifier', { code_verifier: '' }, 'invalid_grant'],
    ['another address', { redirect_uri: `${pages}/other` }, 'invalid_grant'],
    ['another application', { client_id: 'other' }, 'invalid_client'],
    ['another grant', { grant_type: 'password' }, 'unsupported_grant_type'],
  ])('with %s gives no token', async (_what, changes, error) => {
    const answer = await exchange({ code: await codeFor('demo'), ...changes });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });
});

describe('the issuer', () => {
  it('puts the operator, and nobody else, into the group of operators', async () => {
    const check = createTokenVerifier({ issuer: issuerUrl, clientId, clock });
    const groupsOf = async (name: string) => (await check.verify(await issuer.signFor(name))).groups;
    expect(await groupsOf('operator')).toEqual([operatorGroup]);
    expect(await groupsOf('operators')).toEqual([]);
    expect(await groupsOf('demo')).toEqual([]);
  });

  it('keeps its key over restarts, readable by its owner only', async () => {
    const token = await issuer.signFor('demo');
    issuer = await open();
    const check = createTokenVerifier({ issuer: issuerUrl, clientId, clock });
    expect(await check.verify(token)).toEqual({ subject: 'demo', name: 'demo', groups: [] });
    const file = join(folder, 'deep', 'key.json');
    expect((await stat(file)).mode & 0o077).toBe(0);
    const jwks = await (await fetch(`${issuerUrl}/jwks`)).text();
    expect(jwks).not.toContain((JSON.parse(await readFile(file, 'utf8')) as { d: string }).d);
  });

  it('says what to do with a broken key file', async () => {
    const keyFile = join(folder, 'broken.json');
    await writeFile(keyFile, '{');
    await expect(
      createIssuer({ issuerUrl, clientId, redirectOrigins: [pages], keyFile, clock, random: randomBytes }),
    ).rejects.toThrow(/remove .*broken\.json/);
  });

  it('lets pages of other origins fetch keys and tokens, but not the sign-in page', async () => {
    const open = ['/.well-known/openid-configuration', '/jwks'];
    for (const path of open)
      expect((await fetch(issuerUrl + path)).headers.get('access-control-allow-origin')).toBe('*');
    const preflight = await fetch(`${issuerUrl}/token`, { method: 'OPTIONS' });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('content-type');
    const page = await fetch(`${issuerUrl}/authorize?${await request()}`);
    expect(page.headers.get('access-control-allow-origin')).toBeNull();
  });

  it.each([
    ['GET', '/nothing', undefined, 404],
    ['PUT', '/token', undefined, 404],
    ['POST', '/token', '{"grant_type":"authorization_code"}', 400],
    ['POST', '/authorize', `name=${'x'.repeat(20_000)}`, 400],
  ])('answers %s %s with a refusal', async (method, path, body, status) => {
    const answer = await fetch(issuerUrl + path, {
      method,
      ...(body === undefined ? {} : { body }),
      headers: {
        'content-type':
          body?.startsWith('name=') === true ? 'application/x-www-form-urlencoded' : 'text/plain',
      },
    });
    expect(answer.status).toBe(status);
  });

  it('does not answer other machines', () => {
    let status = 0;
    const response = { writeHead: (code: number) => ((status = code), response), end: () => response };
    const from = (remoteAddress: string) =>
      ({ url: '/jwks', method: 'GET', headers: {}, socket: { remoteAddress } }) as never;
    for (const address of ['192.168.1.7', '::ffff:10.0.0.1', '10.127.0.1', 'fe80::1']) {
      status = 0;
      issuer.handler(from(address), response as never);
      expect(status).toBe(403);
    }
  });
});
