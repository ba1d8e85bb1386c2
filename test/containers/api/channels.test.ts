import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OwnChannel, Problem } from '../../../core/api/types.ts';
import { parseStreamKey } from '../../../core/broadcast/stream-key.ts';
import { hashSecret, secretMatches } from '../../../runtime/identity/stream-keys.ts';
import { startTestApi, type TestApi } from './harness.ts';

let api: TestApi;
let people = 0;
let owner = '';
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());
beforeEach(() => {
  people += 1;
  owner = `owner-${people}`;
});

describe('making a channel', () => {
  it('answers with the channel and a key of which only the hash is stored', async () => {
    const answer = await api.ask(owner, 'POST', '/api/channels', { name: ' Ocean  cam ' });
    expect(answer.statusCode).toBe(201);
    const { channel, streamKey } = answer.json<{ channel: OwnChannel; streamKey: string }>();
    expect(channel).toEqual({
      channelId: channel.channelId,
      name: 'Ocean  cam',
      title: '',
      visibility: 'public',
      createdAt: api.clock.now(),
      keyCreatedAt: api.clock.now(),
    });
    expect(answer.headers.location).toBe(`/api/channels/${channel.channelId}`);
    const key = parseStreamKey(streamKey);
    const stored = await api.tables.channels.get(channel.channelId);
    expect(key?.channelId).toBe(channel.channelId);
    expect(stored?.keyHash).toBe(hashSecret(key?.secret ?? ''));
    expect(stored?.ownerId).toBe(owner);
    expect(JSON.stringify(stored)).not.toContain(key?.secret);
  });

  it('needs a token', async () => {
    const answer = await api.ask(null, 'POST', '/api/channels', { name: 'x' });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('Bearer');
  });

  it('stops at ten, also when all are asked for at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 14 }, (_, n) => api.ask(owner, 'POST', '/api/channels', { name: `n${n}` })),
    );
    const statuses = answers.map((answer) => answer.statusCode).sort((a, b) => a - b);
    expect(statuses).toEqual([...Array<number>(10).fill(201), ...Array<number>(4).fill(409)]);
    const mine = (await api.ask(owner, 'GET', '/api/me/channels')).json<{ channels: OwnChannel[] }>();
    expect(mine.channels).toHaveLength(10);
    const refused = answers.find((answer) => answer.statusCode === 409)?.json<Problem>();
    expect(refused?.detail).toContain('10 channels');
  });

  it.each([
    ['emoji and joiners', '👩‍👩‍👧 夜のライブ', '👩‍👩‍👧 夜のライブ'],
    ['Arabic', 'قناة', 'قناة'],
    ['decomposed letters, composed', 'e\u0301te\u0301', 'été'],
    ['markup, which is only text', '<script>alert(1)</script>', '<script>alert(1)</script>'],
    ['60 characters of two UTF-16 units each', '🌊'.repeat(60), '🌊'.repeat(60)],
  ])('takes %s in a name', async (_what, name, stored) => {
    const answer = await api.ask(owner, 'POST', '/api/channels', { name });
    expect(answer.statusCode).toBe(201);
    expect(answer.json<{ channel: OwnChannel }>().channel.name).toBe(stored);
  });

  it.each([
    ['nothing', '', 'visible'],
    ['spaces', '   ', 'visible'],
    ['joiners only', '\u200d\u200d', 'visible'],
    ['a line break', 'a\nb', 'control'],
    ['a NUL', 'a\u0000b', 'control'],
    ['an override of the reading direction', 'abc\u202egnp', 'control'],
    ['half a surrogate pair', 'a\ud83cb', 'control'],
    ['61 characters', 'x'.repeat(61), 'has 61'],
    ['a number', 7, 'string'],
    ['null', null, 'string'],
    ['a list', ['x'], 'string'],
  ])('refuses %s as a name and says why', async (_what, name, word) => {
    const answer = await api.ask(owner, 'POST', '/api/channels', { name });
    expect(answer.statusCode).toBe(400);
    const problem = answer.json<Problem>();
    expect(problem.errors?.[0]?.path).toBe('/name');
    expect(problem.errors?.[0]?.message).toContain(word);
  });

  it('refuses what it does not know rather than ignoring it', async () => {
    const answer = await api.ask(owner, 'POST', '/api/channels', {
      name: 'x',
      ownerId: 'someone',
      keyHash: 'y',
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.json<Problem>().detail).toMatch(/ownerId.*keyHash/);
  });
});

describe('a channel', () => {
  it('is changed by its owner', async () => {
    const { channelId } = await api.channel(owner);
    const answer = await api.ask(owner, 'PATCH', `/api/channels/${channelId}`, {
      title: 'Tonight',
      visibility: 'unlisted',
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ title: 'Tonight', visibility: 'unlisted' });
    const mine = (await api.ask(owner, 'GET', '/api/me/channels')).json<{ channels: OwnChannel[] }>();
    expect(mine.channels[0]).toMatchObject({ channelId, title: 'Tonight', visibility: 'unlisted' });
  });

  it('is not changed by an empty wish, nor to an unknown visibility', async () => {
    const { channelId } = await api.channel(owner);
    const empty = await api.ask(owner, 'PATCH', `/api/channels/${channelId}`, {});
    expect(empty.statusCode).toBe(400);
    expect(empty.json<Problem>().detail).toContain('nothing to change');
    const bad = await api.ask(owner, 'PATCH', `/api/channels/${channelId}`, { visibility: 'secret' });
    expect(bad.json<Problem>().detail).toContain('public, unlisted, private (got "secret")');
  });

  it.each([
    ['PATCH', '', { name: 'mine now' }],
    ['POST', '/stream-key', undefined],
    ['GET', '/studio', undefined],
  ] as const)('of somebody else answers 403 to %s %s', async (method, path, body) => {
    const channel = await api.channel(owner);
    const answer = await api.ask('stranger', method, `/api/channels/${channel.channelId}${path}`, body);
    expect(answer.statusCode).toBe(403);
    expect(answer.json<Problem>().detail).toContain('belongs to somebody else');
    const { streamKey: _key, ...before } = channel;
    expect(await api.tables.channels.get(channel.channelId)).toEqual(before);
  });

  it('that does not exist answers 404', async () => {
    const answer = await api.ask(owner, 'GET', `/api/channels/${'0'.repeat(26)}/studio`);
    expect(answer.statusCode).toBe(404);
  });

  it('keeps the rows that count an owner’s channels to itself', async () => {
    await api.channel(owner);
    const answer = await api.ask(owner, 'GET', `/api/channels/${encodeURIComponent(`owner#${owner}`)}`);
    expect(answer.statusCode).toBe(400);
  });

  it('gets a new key, and the old one is dead', async () => {
    const { channelId, streamKey } = await api.channel(owner);
    api.clock.nowMs += 1_000;
    const answer = await api.ask(owner, 'POST', `/api/channels/${channelId}/stream-key`);
    expect(answer.statusCode).toBe(200);
    const renewed = parseStreamKey(answer.json<{ streamKey: string }>().streamKey);
    const stored = await api.tables.channels.get(channelId);
    expect(stored?.keyCreatedAt).toBe(api.clock.now());
    expect(secretMatches(renewed?.secret ?? '', stored?.keyHash ?? '')).toBe(true);
    expect(secretMatches(parseStreamKey(streamKey)?.secret ?? '', stored?.keyHash ?? '')).toBe(false);
  });

  it('shows viewers its name and nothing of its owner or key', async () => {
    const { channelId, name } = await api.channel(owner);
    const answer = await api.ask(null, 'GET', `/api/channels/${channelId}`);
    expect(answer.json()).toEqual({ channelId, name });
    expect(answer.headers['cache-control']).toBe('public, max-age=2');
  });
});

describe('the studio', () => {
  it('shows the incoming stream while it comes', async () => {
    const channel = await api.channel(owner);
    const idle = await api.ask(owner, 'GET', `/api/channels/${channel.channelId}/studio`);
    expect(idle.json()).toMatchObject({ channel: { channelId: channel.channelId } });
    expect(idle.json()).not.toHaveProperty('current');

    const { broadcastId } = await api.goLive(channel);
    const live = await api.ask(owner, 'GET', `/api/channels/${channel.channelId}/studio`);
    expect(live.json()).toMatchObject({
      channel: { currentBroadcastId: broadcastId },
      current: {
        broadcast: { broadcastId, state: 'live' },
        input: { height: 360, keyFrameIntervalS: 2, warnings: [{ code: 'no-audio' }] },
      },
    });
    expect(live.headers['cache-control']).toBe('private, no-store');

    api.clock.nowMs += 60_000;
    const silent = await api.ask(owner, 'GET', `/api/channels/${channel.channelId}/studio`);
    expect(silent.json()).toMatchObject({ current: { broadcast: { state: 'interrupted' } } });
    expect(silent.json<{ current: object }>().current).not.toHaveProperty('input');
  });

  it('shows nothing under way when the broadcast has ended and only the pointer was left', async () => {
    const channel = await api.channel(owner);
    const { broadcastId } = await api.goLive(channel);
    await api.tables.broadcasts.end({ broadcastId, session: 1, endedAt: api.clock.now(), durationS: 4 });
    const answer = await api.ask(owner, 'GET', `/api/channels/${channel.channelId}/studio`);
    expect(answer.json()).not.toHaveProperty('current');
  });
});
