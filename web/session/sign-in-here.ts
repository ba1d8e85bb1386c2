/** Signing in, wired to the browser. Apart from the rest, so that viewers don't load the OIDC library. */
import type { Here } from './here.ts';
import { createSignIn, type SignIn } from './oidc.ts';

export const signInHere = ({ api, tokens }: Here): SignIn =>
  createSignIn({
    config: api.config,
    storage: sessionStorage,
    tokens,
    origin: location.origin,
    go: (url) => location.assign(url),
    clock: Date,
  });
