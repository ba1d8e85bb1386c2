/** The session of this tab, wired to the browser. */
import { createAsk, type Ask, type AskDependencies } from '../api/ask.ts';
import { createApi, type Api } from '../api/client.ts';
import { createTokenStore, type TokenStore } from './token-store.ts';

export interface Here {
  readonly api: Api;
  /** For what only one page asks. */
  readonly ask: Ask;
  readonly tokens: TokenStore;
}

export function createHere(onExpired?: () => void): Here {
  const tokens = createTokenStore(sessionStorage);
  const dependencies: AskDependencies = {
    fetch: (input, init) => fetch(input, init),
    token: () => tokens.read(Date.now())?.accessToken,
    ...(onExpired === undefined ? {} : { onExpired }),
  };
  return { api: createApi(dependencies, Math.random()), ask: createAsk(dependencies), tokens };
}
