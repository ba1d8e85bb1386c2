import { describe, expect, it } from 'vitest';
import { createApi, Refused, Unreachable, wordsOf } from '../../../web/api/client.ts';

interface Sent {
  readonly path: string;
  readonly init: RequestInit;
}

function apiThat(answer: () => Response | Promise<Response>, token?: string) {
  const sent: Sent[] = [];
  let expired = 0;
  const api = createApi({
    fetch: (path, init) => {
      sent.push({ path: path as string, init: init ?? {} });
      return Promise.resolve(answer());
    },
    token: () => token,
    onExpired: () => (expired += 1),
  });
  return { api, sent, expired: () => expired };
}

const json = (status: number, body: unknown): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' },
  });

describe('the API client', () => {
  it('sends the token in a header and nowhere else', async () => {
    const { api, sent } = apiThat(() => json(200, { channels: [] }), 'secret');
    await api.ownChannels();
    expect(sent[0]?.init.headers).toMatchObject({ authorization: 'Bearer secret' });
    expect(sent[0]?.path).not.toContain('secret');
  });

  it('keeps ids and cursors from changing the path', async () => {
    const { api, sent } = apiThat(() => json(200, {}));
    await api.broadcast('../x?y');
    await api.directory('a&b=c');
    expect(sent.map(({ path }) => path)).toEqual([
      '/api/broadcasts/..%2Fx%3Fy',
      '/api/directory?cursor=a%26b%3Dc',
    ]);
  });

  it('keeps a viewer at one of the origins that live media have, and everybody at this one where there are none', async () => {
    const playback = { state: 'live', session: 1, startedAt: 0, live: '/live/in-01/b1/master.m3u8' };
    const liveOrigins = ['https://m1.example', 'https://m2.example', 'https://m3.example'];
    const homeAt = async (place: number, answer: object): Promise<string | undefined> => {
      const fetchOnce = () => Promise.resolve(json(200, answer));
      const api = createApi({ fetch: fetchOnce, token: () => undefined }, place);
      return (await api.playback('b1')).live;
    };
    const homes = await Promise.all(
      [0, 0.34, 0.999_999].map((place) => homeAt(place, { ...playback, liveOrigins })),
    );
    expect(homes).toEqual(liveOrigins.map((origin) => `${origin}${playback.live}`));
    expect(await homeAt(0.5, playback)).toBe(playback.live);
    expect(await homeAt(0.5, { ...playback, live: undefined, liveOrigins })).toBeUndefined();
  });

  it('says what was wrong with which field', async () => {
    const { api } = apiThat(() =>
      json(422, {
        detail: 'The name is too long.',
        errors: [{ path: '/name', message: 'At most 60 characters.' }],
      }),
    );
    const error = await api.createChannel({ name: 'x' }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(Refused);
    expect((error as Refused).fields.get('name')).toBe('At most 60 characters.');
    expect(wordsOf(error)).toBe('The name is too long.');
  });

  it.each<[string, () => Response | Promise<Response>]>([
    ['no network', () => Promise.reject(new TypeError('Failed to fetch'))],
    ['an edge without its API', () => new Response('<h1>Bad gateway</h1>', { status: 502 })],
    ['HTML where JSON should be', () => new Response('<p>', { headers: { 'content-type': 'text/html' } })],
    ['broken JSON', () => new Response('{', { headers: { 'content-type': 'application/json' } })],
  ])('%s is unreachable, in words for people', async (_, answer) => {
    const error = await apiThat(answer)
      .api.directory()
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(Unreachable);
    expect(wordsOf(error)).toMatch(/can’t be reached/);
  });

  it('tells of an expired token, but not of a visitor without one', async () => {
    const withToken = apiThat(() => json(401, { detail: 'expired' }), 'old');
    await withToken.api.ownChannels().catch(() => undefined);
    expect(withToken.expired()).toBe(1);
    const without = apiThat(() => json(401, { detail: 'sign in' }));
    await without.api.ownChannels().catch(() => undefined);
    expect(without.expired()).toBe(0);
  });

  it('has words for anything', () => expect(wordsOf(new RangeError('x'))).not.toContain('x is'));
});
