/** Signing in: OIDC discovery, authorization code with PKCE. The pages are a public client without a secret. */
import * as oauth from 'oauth4webapi';
import type { PublicConfig } from '../../core/api/types.ts';
import type { Session, TokenStore } from './token-store.ts';

export class SignInFailed extends Error {
  override readonly name = 'SignInFailed';
}

interface Attempt {
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
  readonly returnTo: string;
}

export interface SignIn {
  /** Leaves the page for the issuer's. */
  begin(returnTo: string, again?: boolean): Promise<void>;
  /** On the callback page: takes the answer and says where to go on. */
  finish(callback: URL): Promise<string>;
}

export interface SignInDependencies {
  readonly config: () => Promise<PublicConfig>;
  readonly storage: Pick<globalThis.Storage, 'getItem' | 'setItem' | 'removeItem'>;
  readonly tokens: TokenStore;
  readonly origin: string;
  readonly go: (url: string) => void;
  readonly clock: { now(): number };
}

const attemptKey = 'tidecast.sign-in';
/** When an issuer does not say how long a token lives. */
const defaultLifeS = 300;

/** Plain HTTP only to the own machine: `npm start` has no certificate. */
const transport = (issuer: URL): { [oauth.allowInsecureRequests]?: boolean } =>
  issuer.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(issuer.hostname)
    ? { [oauth.allowInsecureRequests]: true }
    : {};

/** Only a path of this site: an address from storage must not lead elsewhere. */
export const safeReturn = (path: string): string => (/^\/(?![/\\])/.test(path) ? path : '/studio');

export function createSignIn(dependencies: SignInDependencies): SignIn {
  const { storage, tokens, origin, clock } = dependencies;
  const redirectUri = `${origin}/signed-in`;

  async function discover(): Promise<{
    server: oauth.AuthorizationServer;
    client: oauth.Client;
    issuer: URL;
  }> {
    const { issuer, clientId } = await dependencies.config();
    const url = new URL(issuer);
    const response = await oauth.discoveryRequest(url, transport(url));
    return {
      server: await oauth.processDiscoveryResponse(url, response),
      client: { client_id: clientId },
      issuer: url,
    };
  }

  return {
    async begin(returnTo, again = false) {
      const { server, client } = await discover();
      if (server.authorization_endpoint === undefined)
        throw new SignInFailed('The sign-in service does not say where to sign in.');
      const attempt: Attempt = {
        verifier: oauth.generateRandomCodeVerifier(),
        state: oauth.generateRandomState(),
        nonce: oauth.generateRandomNonce(),
        returnTo: safeReturn(returnTo),
      };
      storage.setItem(attemptKey, JSON.stringify(attempt));
      const url = new URL(server.authorization_endpoint);
      const parameters = {
        client_id: client.client_id,
        redirect_uri: redirectUri,
        response_type: 'code',
        scope: 'openid profile',
        state: attempt.state,
        nonce: attempt.nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(attempt.verifier),
        code_challenge_method: 'S256',
        // After signing out the issuer may still know the person: ask, so that another can sign in.
        ...(again ? { prompt: 'login' } : {}),
      };
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
      dependencies.go(url.href);
    },

    async finish(callback) {
      const stored = storage.getItem(attemptKey);
      storage.removeItem(attemptKey);
      if (stored === null) throw new SignInFailed('This sign-in was already used or began in another tab.');
      const attempt = JSON.parse(stored) as Attempt;
      const { server, client, issuer } = await discover();
      try {
        const parameters = oauth.validateAuthResponse(server, client, callback, attempt.state);
        const response = await oauth.authorizationCodeGrantRequest(
          server,
          client,
          oauth.None(),
          parameters,
          redirectUri,
          attempt.verifier,
          transport(issuer),
        );
        const result = await oauth.processAuthorizationCodeResponse(server, client, response, {
          expectedNonce: attempt.nonce,
          requireIdToken: true,
        });
        tokens.write(sessionOf(result, clock.now()));
      } catch (error) {
        throw new SignInFailed(reasonOf(error), { cause: error });
      }
      return safeReturn(attempt.returnTo);
    },
  };
}

function sessionOf(result: oauth.TokenEndpointResponse, nowMs: number): Session {
  const claims = oauth.getValidatedIdTokenClaims(result);
  const name = [claims?.['name'], claims?.['preferred_username'], claims?.['email'], claims?.sub].find(
    (value): value is string => typeof value === 'string' && value !== '',
  );
  return {
    accessToken: result.access_token,
    expiresAtMs: nowMs + (result.expires_in ?? defaultLifeS) * 1000,
    name: name ?? 'you',
  };
}

const reasonOf = (error: unknown): string =>
  error instanceof oauth.AuthorizationResponseError && error.error === 'access_denied'
    ? 'Signing in was cancelled.'
    : 'Signing in did not work. Try once more.';
