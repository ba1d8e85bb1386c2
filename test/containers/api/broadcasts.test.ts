import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { viewPlayback } from '../../../containers/api/views.ts';
import type { BroadcastView, Directory, Playback, Problem } from '../../../core/api/types.ts';
import type { Broadcast, Visibility } from '../../../core/broadcast/types.ts';
import { ObjectStoreError } from '../../../runtime/store/objects/port.ts';
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
  api.clock.nowMs += 1_000;
});

const end = async (broadcastId: string, durationS: number): Promise<void> => {
  api.clock.nowMs += 1;
  await api.tables.broadcasts.end({ broadcastId, session: 1, endedAt: api.clock.now(), durationS });
};

const directoryOf = async (): Promise<Directory> => (await api.ask(null, 'GET', '/api/directory')).json();

describe('the directory', () => {
  it('shows public broadcasts from their first picture on, and then as recordings', async () => {
    const channel = await api.channel(owner);
    const { broadcastId } = await api.goLive(channel);
    const live = await directoryOf();
    expect(live.live.map((each) => each.broadcastId)).toContain(broadcastId);
    expect(live.live.find((each) => each.broadcastId === broadcastId)).toEqual({
      broadcastId,
      channelId: channel.channelId,
      channelName: channel.name,
      title: '',
      visibility: 'public',
      state: 'live',
      startedAt: api.clock.now(),
      session: 1,
      thumbnail: `/live/in-01/${broadcastId}/thumb.jpg`,
    });

    await end(broadcastId, 12.5);
    const ended = await directoryOf();
    expect(ended.live.map((each) => each.broadcastId)).not.toContain(broadcastId);
    expect(ended.recordings[0]).toMatchObject({
      broadcastId,
      state: 'ended',
      durationS: 12.5,
      endedAt: api.clock.now(),
      thumbnail: `/thumbs/${broadcastId}.jpg`,
    });
  });

  it('does not show unlisted, private or empty ones', async () => {
    const unlisted = await api.goLive(await api.channel(owner, 'unlisted'));
    const hidden = await api.goLive(await api.channel(owner, 'private'));
    const empty = await api.goLive(await api.channel(owner));
    await end(empty.broadcastId, 0);
    const shown = JSON.stringify(await directoryOf());
    for (const { broadcastId } of [unlisted, hidden, empty]) expect(shown).not.toContain(broadcastId);
  });

  it('never shows a broadcast as live whose task went silent', async () => {
    const { broadcastId } = await api.goLive(await api.channel(owner));
    api.clock.nowMs += 15_001;
    const { live } = await directoryOf();
    const silent = live.find((each) => each.broadcastId === broadcastId);
    expect(silent).toMatchObject({ state: 'interrupted', thumbnail: `/thumbs/${broadcastId}.jpg` });
    await end(broadcastId, 0);
  });

  it('pages recordings without losing or repeating one', async () => {
    const channel = await api.channel(owner);
    const made: string[] = [];
    for (let n = 0; n < 30; n += 1) {
      api.clock.nowMs += 1;
      const { broadcastId } = await api.goLive(channel);
      await end(broadcastId, 1);
      made.unshift(broadcastId);
    }
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const query: string = cursor === undefined ? '' : `?cursor=${cursor}`;
      const page: Directory = (await api.ask(null, 'GET', `/api/directory${query}`)).json();
      seen.push(...page.recordings.map((each) => each.broadcastId));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(seen.slice(0, 30)).toEqual(made);
    expect(new Set(seen).size).toBe(seen.length);
  });

  it.each([
    ['garbage', 'cursor=%00%ff'],
    ['nothing', 'cursor='],
    ['another list’s', `cursor=${Buffer.from(`channel.${'0'.repeat(26)}`).toString('base64url')}`],
    [
      'one with a path in it',
      `cursor=${Buffer.from('recordings.../../../etc/passwd').toString('base64url')}`,
    ],
    ['two', 'cursor=a&cursor=b'],
    ['a very long one', `cursor=${'a'.repeat(5_000)}`],
  ])('refuses %s as a cursor', async (_what, query) => {
    const answer = await api.ask(null, 'GET', `/api/directory?${query}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json<Problem>().errors?.[0]?.path).toBe('/cursor');
  });
});

describe('a broadcast', () => {
  it('is cacheable for everybody unless it is private', async () => {
    const { broadcastId } = await api.goLive(await api.channel(owner, 'unlisted'));
    const answer = await api.ask(null, 'GET', `/api/broadcasts/${broadcastId}`);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['cache-control']).toBe('public, max-age=2');
    expect(answer.headers.vary).toContain('Authorization');
  });

  it('that is private is the owner’s alone, and nobody else can tell that it exists', async () => {
    const { broadcastId } = await api.goLive(await api.channel(owner, 'private'));
    const missing = '0'.repeat(26);
    for (const path of ['', '/playback']) {
      const mine = await api.ask(owner, 'GET', `/api/broadcasts/${broadcastId}${path}`);
      expect(mine.statusCode).toBe(200);
      expect(mine.headers['cache-control']).toBe('private, no-store');
      for (const who of [null, 'stranger']) {
        const answer = await api.ask(who, 'GET', `/api/broadcasts/${broadcastId}${path}`);
        const nothing = await api.ask(who, 'GET', `/api/broadcasts/${missing}${path}`);
        expect(answer.statusCode).toBe(404);
        expect(answer.body).toBe(nothing.body);
        expect(answer.headers['set-cookie']).toBeUndefined();
      }
    }
    const stolen = await api.ask('stranger', 'PATCH', `/api/broadcasts/${broadcastId}`, {
      visibility: 'public',
    });
    expect(stolen.statusCode).toBe(404);
  });

  it('of somebody else can’t be changed', async () => {
    const { broadcastId } = await api.goLive(await api.channel(owner));
    const answer = await api.ask('stranger', 'PATCH', `/api/broadcasts/${broadcastId}`, { title: 'mine' });
    expect(answer.statusCode).toBe(403);
    expect((await api.tables.broadcasts.get(broadcastId))?.title).toBe('');
    const nobody = await api.ask(null, 'PATCH', `/api/broadcasts/${broadcastId}`, { title: 'mine' });
    expect(nobody.statusCode).toBe(401);
  });

  it('that is made private leaves the directory and its picture is deleted', async () => {
    const { broadcastId } = await api.goLive(await api.channel(owner));
    await end(broadcastId, 3);
    const answer = await api.ask(owner, 'PATCH', `/api/broadcasts/${broadcastId}`, { visibility: 'private' });
    expect(answer.json<BroadcastView>()).toMatchObject({ visibility: 'private' });
    expect(answer.json()).not.toHaveProperty('thumbnail');
    expect(api.deleted).toContain(`thumbs/${broadcastId}.jpg`);
    expect(JSON.stringify(await directoryOf())).not.toContain(broadcastId);

    const again = await api.ask(owner, 'PATCH', `/api/broadcasts/${broadcastId}`, { visibility: 'public' });
    expect(again.json()).not.toHaveProperty('thumbnail');
    expect(JSON.stringify(await directoryOf())).toContain(broadcastId);
  });

  it('says so when the picture could not be deleted, and deletes it when asked again', async () => {
    const { broadcastId } = await api.goLive(await api.channel(owner));
    api.failDelete = new ObjectStoreError('no network', { retryable: true });
    const failed = await api.ask(owner, 'PATCH', `/api/broadcasts/${broadcastId}`, { visibility: 'private' });
    expect(failed.statusCode).toBe(503);
    expect((await api.tables.broadcasts.get(broadcastId))?.visibility).toBe('private');
    api.failDelete = undefined;
    const again = await api.ask(owner, 'PATCH', `/api/broadcasts/${broadcastId}`, { visibility: 'private' });
    expect(again.statusCode).toBe(200);
    expect(api.deleted).toContain(`thumbs/${broadcastId}.jpg`);
  });

  it('keeps a title that an owner gives while the task reports', async () => {
    const { broadcastId } = await api.goLive(await api.channel(owner));
    await api.ask(owner, 'PATCH', `/api/broadcasts/${broadcastId}`, { title: 'New title' });
    const told = await api.tables.broadcasts.report({
      broadcastId,
      session: 1,
      now: api.clock.now(),
      state: 'live',
      encoderSeenAt: api.clock.now(),
    });
    expect(told).toMatchObject({ kind: 'held', broadcast: { title: 'New title' } });
  });
});

describe('a channel’s broadcasts', () => {
  it('are all shown to the owner and only public ones to others', async () => {
    const channel = await api.channel(owner);
    const ids: string[] = [];
    for (const visibility of ['public', 'unlisted', 'private'] as const) {
      api.clock.nowMs += 1;
      const { broadcastId } = await api.goLive(channel);
      await api.ask(owner, 'PATCH', `/api/broadcasts/${broadcastId}`, { visibility });
      await end(broadcastId, 1);
      ids.push(broadcastId);
    }
    const url = `/api/channels/${channel.channelId}/broadcasts`;
    const mine = (await api.ask(owner, 'GET', url)).json<{ broadcasts: BroadcastView[] }>();
    expect(mine.broadcasts.map((each) => each.broadcastId)).toEqual(ids.toReversed());
    for (const who of [null, 'stranger']) {
      const theirs = (await api.ask(who, 'GET', url)).json<{ broadcasts: BroadcastView[] }>();
      expect(theirs.broadcasts.map((each) => each.broadcastId)).toEqual(ids.slice(0, 1));
    }
  });

  it('show on the channel what is under way only to who may see it', async () => {
    const channel = await api.channel(owner, 'unlisted');
    const { broadcastId } = await api.goLive(channel);
    const url = `/api/channels/${channel.channelId}`;
    expect((await api.ask(owner, 'GET', url)).json()).toMatchObject({ current: { broadcastId } });
    expect((await api.ask('stranger', 'GET', url)).json()).not.toHaveProperty('current');
    expect((await api.ask(null, 'GET', url)).json()).not.toHaveProperty('current');
  });
});

describe('playback', () => {
  const cookiesOf = (answer: { headers: Record<string, unknown> }): string[] =>
    [answer.headers['set-cookie'] ?? []].flat() as string[];
  const policyOf = (line: string): string =>
    Buffer.from(/CloudFront-Policy=([^;]+)/.exec(line)?.[1] ?? '', 'base64url').toString();

  it('has no addresses and no cookies before the first picture', async () => {
    const channel = await api.channel(owner);
    const { broadcast } = await api.tables.broadcasts.openSession({
      channel,
      taskId: 't',
      slot: 'in-01',
      now: api.clock.now(),
      graceMs: 60_000,
      newId: () => `01${channel.channelId.slice(2)}`,
    });
    const answer = await api.ask(null, 'GET', `/api/broadcasts/${broadcast.broadcastId}/playback`);
    expect(answer.json()).toEqual({ state: 'live', session: 1, startedAt: api.clock.now() });
    expect(cookiesOf(answer)).toEqual([]);
  });

  it('gives the live window and the archive, and cookies for the archive’s path only and four hours', async () => {
    const { broadcastId } = await api.goLive(await api.channel(owner));
    const answer = await api.ask(null, 'GET', `/api/broadcasts/${broadcastId}/playback`);
    expect(answer.json<Playback>()).toMatchObject({
      live: `/live/in-01/${broadcastId}/master.m3u8`,
      archive: `/archive/${broadcastId}/master.m3u8`,
    });
    expect(answer.headers['cache-control']).toBe('private, no-store');
    const cookies = cookiesOf(answer);
    expect(cookies.map((line) => line.split('=', 1)[0])).toEqual([
      'CloudFront-Policy',
      'CloudFront-Signature',
      'CloudFront-Key-Pair-Id',
    ]);
    for (const line of cookies)
      expect(line).toMatch(
        new RegExp(`; Path=/archive/${broadcastId}/; Max-Age=14400; HttpOnly; SameSite=Lax; Secure$`),
      );
    expect(policyOf(cookies[0] ?? '')).toBe(
      `https://live.test/archive/${broadcastId}/* ${api.clock.now() + 14_400_000}`,
    );
  });

  it('gives the archive alone when the broadcast has ended', async () => {
    const { broadcastId } = await api.goLive(await api.channel(owner));
    await end(broadcastId, 9);
    const answer = await api.ask(null, 'GET', `/api/broadcasts/${broadcastId}/playback`);
    expect(answer.json()).not.toHaveProperty('live');
    expect(answer.json()).toMatchObject({ state: 'ended', archive: `/archive/${broadcastId}/master.m3u8` });
  });

  it('names the origins that live media may be asked at too, but never for what is behind cookies', async () => {
    const liveOrigins = ['https://m1.live.test', 'https://m2.live.test'];
    const withPicture = async (visibility: Visibility): Promise<Broadcast> => {
      const { broadcastId } = await api.goLive(await api.channel(owner, visibility));
      return (await api.tables.broadcasts.get(broadcastId)) as Broadcast;
    };
    const open = await withPicture('public');
    const hidden = await withPicture('private');
    const now = api.clock.now();
    expect(viewPlayback(open, now, liveOrigins)).toMatchObject({
      live: `/live/in-01/${open.broadcastId}/master.m3u8`,
      liveOrigins,
    });
    expect(viewPlayback(hidden, now, liveOrigins)).not.toHaveProperty('liveOrigins');
    expect(viewPlayback({ ...open, state: 'ended' }, now, liveOrigins)).not.toHaveProperty('liveOrigins');
    expect(viewPlayback(open, now)).not.toHaveProperty('liveOrigins');
  });

  it('of a private broadcast goes over the signed path, with cookies for both paths and four hours', async () => {
    const { broadcastId } = await api.goLive(await api.channel(owner, 'private'));
    const answer = await api.ask(owner, 'GET', `/api/broadcasts/${broadcastId}/playback`);
    expect(answer.json()).toMatchObject({ live: `/live-private/in-01/${broadcastId}/master.m3u8` });
    const cookies = cookiesOf(answer);
    expect(cookies).toHaveLength(6);
    expect(new Set(cookies.map((line) => /Path=([^;]+)/.exec(line)?.[1]))).toEqual(
      new Set([`/archive/${broadcastId}/`, `/live-private/in-01/${broadcastId}/`]),
    );
    expect(cookies.every((line) => line.includes('Max-Age=14400;'))).toBe(true);
    expect(policyOf(cookies[3] ?? '')).toBe(
      `https://live.test/live-private/in-01/${broadcastId}/* ${api.clock.now() + 14_400_000}`,
    );
  });
});
