/** The session of this tab, wired to the browser. */
import { createApi, type Api } from '../api/client.ts';
import { createTokenStore, type TokenStore } from './token-store.ts';

export interface Here {
  readonly api: Api;
  readonly tokens: TokenStore;
}

export function createHere(onExpired?: () => void): Here {
  const tokens = createTokenStore(sessionStorage);
  const api = createApi({
    fetch: (input, init) => fetch(input, init),
    token: () => tokens.read(Date.now())?.accessToken,
    ...(onExpired === undefined ? {} : { onExpired }),
  });
  return { api, tokens };
}
