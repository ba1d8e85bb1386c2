/**
 * A small OpenID provider for `npm start` and nothing else: whoever can reach it is whoever they say. So it
 * answers only connections from this machine, and hands codes only to the origins of the local pages.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Codes } from './codes.ts';
import { BadFormError, readForm, redirect, sendJson, sendPage } from './http.ts';
import { openIssuerKey } from './keys.ts';
import { messagePage, signInPage } from './page.ts';
import { checkAuthorization, isAllowedRedirect } from './request.ts';
import { createTokenMaker, tokenLifetimeS } from './tokens.ts';

export interface IssuerOptions {
  /** The `iss` of its tokens; its path is the prefix under which the handler is mounted. */
  readonly issuerUrl: string;
  readonly clientId: string;
  /** Origins of the pages that may sign people in. */
  readonly redirectOrigins: readonly string[];
  /** Where the signing key is kept; made when it is not there. */
  readonly keyFile: string;
  readonly clock: { now(): number };
  readonly random: (size: number) => Uint8Array;
}

export interface Issuer {
  /** For node:http. Paths may come with the prefix or without it. */
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  /** An access token without the page: for the demo, tests and benches. */
  signFor(subject: string, options?: { readonly lifetimeS?: number }): Promise<string>;
}

const subjectPattern = /^[A-Za-z0-9._-]{1,40}$/;

const isLoopback = (address: string | undefined): boolean =>
  address === '::1' || /^(::ffff:)?127\./.test(address ?? '');

export async function createIssuer(options: IssuerOptions): Promise<Issuer> {
  const { issuerUrl, clientId, redirectOrigins, clock } = options;
  const key = await openIssuerKey(options.keyFile);
  const codes = new Codes(options);
  const tokens = createTokenMaker({ ...options, key });
  const { pathname, origin } = new URL(issuerUrl);
  const prefix = pathname.replace(/\/$/, '');
  const authorizePath = `${prefix}/authorize`;

  const metadata = {
    issuer: issuerUrl,
    authorization_endpoint: `${issuerUrl}/authorize`,
    token_endpoint: `${issuerUrl}/token`,
    end_session_endpoint: `${issuerUrl}/end-session`,
    jwks_uri: `${issuerUrl}/jwks`,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    token_endpoint_auth_methods_supported: ['none'],
    code_challenge_methods_supported: ['S256'],
    scopes_supported: ['openid', 'profile'],
    claims_supported: ['sub', 'name', 'preferred_username', 'groups', 'auth_time', 'nonce', 'at_hash'],
    authorization_response_iss_parameter_supported: true,
  };

  const authorize = (parameters: URLSearchParams, isAnswer: boolean, response: ServerResponse): void => {
    const checked = checkAuthorization(parameters, { clientId, redirectOrigins });
    if (checked.kind === 'page') {
      sendPage(response, 400, messagePage('This sign-in can’t go on', checked.text));
    } else if (checked.kind === 'redirect') {
      const { error, text, state } = checked;
      redirect(response, checked.redirectUri, { error, error_description: text, state, iss: issuerUrl });
    } else {
      const { redirectUri, challenge, nonce, state } = checked.request;
      const name = (parameters.get('pick') ?? parameters.get('name') ?? '').trim();
      const subject = name.toLowerCase();
      if (isAnswer && subjectPattern.test(subject)) {
        const code = codes.issue({ subject, redirectUri, challenge, nonce, signedInAt: clock.now() });
        redirect(response, redirectUri, { code, state, iss: issuerUrl });
        return;
      }
      const error = 'A name has 1 to 40 letters a–z, digits, dots, dashes and underscores.';
      const html = signInPage({ action: authorizePath, parameters, ...(isAnswer ? { error } : {}) });
      sendPage(response, isAnswer ? 400 : 200, html, redirectOrigins);
    }
  };

  const token = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = await readForm(request);
    const refuse = (error: string, text: string): void =>
      sendJson(response, 400, { error, error_description: text });
    if (form.get('grant_type') !== 'authorization_code')
      return refuse('unsupported_grant_type', 'grant_type must be authorization_code');
    if (form.get('client_id') !== clientId) return refuse('invalid_client', `client_id must be ${clientId}`);
    const grant = codes.redeem(
      form.get('code') ?? '',
      form.get('redirect_uri') ?? '',
      form.get('code_verifier') ?? '',
    );
    if (typeof grant === 'string') return refuse('invalid_grant', grant);
    const access = await tokens.access(grant.subject);
    sendJson(response, 200, {
      token_type: 'Bearer',
      expires_in: tokenLifetimeS,
      scope: 'openid profile',
      access_token: access,
      id_token: await tokens.id(grant, access),
    });
  };

  const endSession = (parameters: URLSearchParams, response: ServerResponse): void => {
    const to = parameters.get('post_logout_redirect_uri');
    // There is no session to end: the pages forget their tokens by themselves.
    if (to !== null && isAllowedRedirect(to, redirectOrigins))
      redirect(response, to, { state: parameters.get('state') ?? undefined });
    else sendPage(response, 200, messagePage('Signed out', 'You can close this page.'));
  };

  /** A form of another site must not sign anybody in. */
  const isForeign = (request: IncomingMessage): boolean =>
    request.headers.origin !== undefined && request.headers.origin !== origin;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = URL.parse(request.url ?? '/', origin);
    if (url === null) return sendPage(response, 400, messagePage('Not an address', 'This can’t be read.'));
    const path = url.pathname.startsWith(`${prefix}/`) ? url.pathname.slice(prefix.length) : url.pathname;
    const call = `${request.method === 'HEAD' ? 'GET' : request.method} ${path}`;
    response.setHeader('cache-control', 'no-store');
    response.setHeader('x-content-type-options', 'nosniff');
    // Not no-referrer: with it Chromium says `Origin: null` of our own form.
    response.setHeader('referrer-policy', 'same-origin');

    // What pages on other origins of this machine fetch by themselves. Never the sign-in page.
    if (['/.well-known/openid-configuration', '/jwks', '/token'].includes(path))
      response.setHeader('access-control-allow-origin', '*');

    switch (call) {
      case 'GET /.well-known/openid-configuration':
        return sendJson(response, 200, metadata);
      case 'GET /jwks':
        return sendJson(response, 200, { keys: [key.publicJwk] });
      case 'GET /authorize':
        return authorize(url.searchParams, false, response);
      case 'POST /authorize':
        if (isForeign(request))
          return sendPage(response, 403, messagePage('Not from here', 'This form is of another site.'));
        return authorize(await readForm(request), true, response);
      case 'POST /token':
        return token(request, response);
      case 'OPTIONS /token':
        response
          .writeHead(204, {
            'access-control-allow-methods': 'POST',
            'access-control-allow-headers': 'content-type, authorization',
          })
          .end();
        return undefined;
      case 'GET /end-session':
        return endSession(url.searchParams, response);
      case 'POST /end-session':
        return endSession(await readForm(request), response);
      default:
        return sendPage(response, 404, messagePage('Not found', `There is nothing at ${path}.`));
    }
  };

  return {
    handler: (request, response) => {
      if (!isLoopback(request.socket.remoteAddress)) {
        response.writeHead(403).end('The local issuer answers this machine only.\n');
        return;
      }
      answer(request, response).catch((error: unknown) => {
        if (response.headersSent) {
          response.destroy();
        } else if (error instanceof BadFormError) {
          // The rest of the body is not read: the connection can't be used again.
          response.setHeader('connection', 'close');
          sendJson(response, 400, { error: 'invalid_request', error_description: error.message });
        } else {
          sendJson(response, 500, { error: 'server_error' });
        }
      });
    },
    signFor: (subject, { lifetimeS } = {}) => tokens.access(subject, lifetimeS),
  };
}
