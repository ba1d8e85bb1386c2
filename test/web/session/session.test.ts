import { describe, expect, it } from 'vitest';
import { createSignIn, safeReturn, SignInFailed } from '../../../web/session/oidc.ts';
import { createTokenStore } from '../../../web/session/token-store.ts';

function memory() {
  const items = new Map<string, string>();
  return {
    items,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
}

describe('the token store', () => {
  it('gives the session until shortly before it expires', () => {
    const store = createTokenStore(memory());
    store.write({ accessToken: 't', expiresAtMs: 100_000, name: 'Robin' });
    expect(store.read(80_000)?.name).toBe('Robin');
    expect(store.read(90_000)).toBeUndefined();
    expect(store.known()).toBe(true);
    store.clear();
    expect(store.known()).toBe(false);
  });

  it.each(['{', '{}', 'null', '{"accessToken":1,"expiresAtMs":2,"name":"x"}'])(
    'takes %s for nobody',
    (text) => {
      const storage = memory();
      storage.setItem('tidecast.session', text);
      expect(createTokenStore(storage).read(0)).toBeUndefined();
    },
  );
});

describe('the way back after signing in', () => {
  it('stays on this site', () => expect(safeReturn('/studio/abc')).toBe('/studio/abc'));
  it.each(['https://evil.example', '//evil.example', String.raw`/\evil.example`, '', 'javascript:alert(1)'])(
    '%s is not taken',
    (path) => expect(safeReturn(path)).toBe('/studio'),
  );
});

describe('the callback', () => {
  it('refuses an answer that nobody asked for', async () => {
    const storage = memory();
    const signIn = createSignIn({
      config: () => Promise.reject(new Error('not needed')),
      storage,
      tokens: createTokenStore(storage),
      origin: 'https://live.example',
      go: () => undefined,
      clock: { now: () => 0 },
    });
    await expect(
      signIn.finish(new URL('https://live.example/signed-in?code=x&state=y')),
    ).rejects.toBeInstanceOf(SignInFailed);
  });
});
