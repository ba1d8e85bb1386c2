import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatView } from '../../core/api/chat.ts';
import type { BroadcastView } from '../../core/api/types.ts';
import { idTimeMs } from '../../core/chat/message.ts';
import type { LocalShard } from '../../local/chat/shard.ts';
import { startBrowser, type Browser } from '../support/browser.ts';
import { chatIs, drawnLines, openWatchPage, pictureAt, readChat, say } from '../support/chat/page.ts';
import { idsOf, post, talk, type Post } from '../support/chat/people.ts';
import { isWithin } from '../support/is-within.ts';
import { inStep, seek } from '../support/chat/replayed.ts';
import { pagesAgree, socketsAgree } from '../support/chat/screens.ts';
import { ChatViewer } from '../support/chat/viewer.ts';
import { startEncoder, testPicture, type Encoder } from '../support/encoder.ts';
import { startTestPlatform, until, type TestChannel, type TestPlatform } from '../support/platform.ts';
import { playerIs } from '../support/player.ts';
import { readRecording } from '../support/recording.ts';
import { tidecast } from '../tools/tidecast/command.ts';

const drainS = 3;
/** Posts a second under load. For longer than a moment fewer: pages keep the newest 500. */
const perS = 20;
const fewPerS = 4;
const people = ['Hana', 'Kenji'];
/** By so long everything that the staff does is on all screens. */
const effectMs = 1_000;
/** How far the chat of a recording may be from its picture. */
const stepS = 1.5;

/**
 * The chat of a show, with nothing faked: two shards with a Redis and two tasks each, posts through the API,
 * Chromium and stock Socket.IO clients through the edge. One story, in which everything fails once: each step
 * needs the ones before.
 */
describe('the chat of a show', () => {
  let platform: TestPlatform;
  let browser: Browser;
  let channel: TestChannel;
  let encoder: Encoder;
  let broadcastId: string;
  let shard: LocalShard;
  let signedIn: Page;
  let anonymous: Page;
  const viewers: ChatViewer[] = [];
  const pages = (): readonly Page[] => [signedIn, anonymous];
  const complaints: string[] = [];
  /** Everything that was answered with an id and not removed since. */
  const said = new Map<string, string>();

  const remember = (posts: readonly Post[]): void => {
    for (const { posted, text } of posts) if (posted !== undefined) said.set(posted.id, text);
  };
  const chatOf = (id: string): Promise<ChatView> => platform.api('GET', `/api/broadcasts/${id}/chat`);
  const enter = async (count: number, transport: 'websocket' | 'polling'): Promise<void> => {
    const { path = '' } = await chatOf(broadcastId);
    for (let i = 0; i < count; i += 1)
      viewers.push(new ChatViewer({ url: platform.url, path, broadcastId, transport }));
  };
  const allJoined = (): Promise<true> =>
    until('every viewer is connected', () =>
      Promise.resolve(
        viewers.every(({ isConnected, joins }) => isConnected && joins.length > 0) ? true : undefined,
      ),
    );
  const command = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await tidecast([...args, '--data', platform.data]);
    if (code !== 0) throw new Error(`tidecast ${args.join(' ')} failed: ${err}`);
    return out;
  };

  const allSocketsAgree = (): Promise<readonly string[]> => socketsAgree(viewers, said);
  const allAgree = async (): Promise<void> => pagesAgree(pages(), await allSocketsAgree(), said);

  const underLoad = async (
    name: string,
    what: (posts: readonly Post[]) => Promise<unknown>,
    rate = perS,
  ): Promise<readonly Post[]> => {
    const talking = talk(platform, broadcastId, people, { perS: rate, name });
    try {
      await until('people talk', () => Promise.resolve(talking.posts.length > rate / 2 ? true : undefined));
      await what(talking.posts);
      const before = idsOf(talking.posts).length;
      await until('people talk on', () =>
        Promise.resolve(idsOf(talking.posts).length > before + rate / 2 ? true : undefined),
      );
    } finally {
      remember(await talking.stop());
    }
    return talking.posts;
  };

  beforeAll(async () => {
    [platform, browser] = await Promise.all([
      startTestPlatform({
        ladder: '160p',
        chat: {
          shards: ['a', 'b'],
          tasks: 2,
          drainS,
          redisServer: process.env['REDIS_SERVER'] ?? 'redis-server',
        },
      }),
      startBrowser(),
    ]);
    channel = await platform.newChannel('Tide pool');
    encoder = startEncoder(channel.target, testPicture({ size: '320x180' }));
    broadcastId = (await channel.live()).broadcast.broadcastId;
    const { path = '' } = await chatOf(broadcastId);
    shard = platform.chat.shard(path.split('/')[2] ?? '');
    await command('limits', '--person', '50/100', '--shown', '200');
  });

  afterAll(async () => {
    for (const viewer of viewers) viewer.close();
    await encoder?.kill();
    await browser?.close();
    await platform?.remove();
  });

  it('two pages and stock clients, over WebSockets and polling, are spread over the two tasks of its shard', async () => {
    signedIn = await openWatchPage(browser.context, platform, broadcastId, 'Hana');
    anonymous = await openWatchPage(browser.context, platform, broadcastId);
    for (const page of pages()) page.on('pageerror', (error) => complaints.push(error.message));
    for (const page of pages()) await chatIs(page, 'live');
    await enter(2, 'websocket');
    await enter(2, 'polling');
    await allJoined();
    expect(shard.tasks).toHaveLength(2);
    for (const { outstanding } of shard.tasks) expect(outstanding).toBeGreaterThan(0);
  });

  it('everybody sees what two people post, over the page and over the API, in one order', async () => {
    await say(signedIn, 'はじめまして from the page');
    const mine = await until('the own message', () =>
      Promise.resolve(viewers[0]?.shown.find(({ text }) => text.includes('from the page'))),
    );
    expect(mine.by).toMatchObject({ name: 'Hana', role: 'viewer' });
    said.set(mine.id, mine.text);
    const posts = await Promise.all(
      Array.from({ length: 20 }, (_, n) => post(platform, broadcastId, people[n % 2] ?? '', `hello ${n}`)),
    );
    expect(posts.filter(({ status }) => status !== 201)).toEqual([]);
    remember(posts);
    expect(said.size).toBe(21);
    await allAgree();
  });

  it('the same post, sent three times, is there once', async () => {
    const times = await Promise.all(
      [1, 2, 3].map(() => post(platform, broadcastId, 'Hana', 'only once', 'key-1')),
    );
    times.push(await post(platform, broadcastId, 'Hana', 'only once', 'key-1'));
    expect(new Set(idsOf(times)).size).toBe(1);
    remember(times);
    await allSocketsAgree();
  });

  it('when a task is killed under load everybody goes on without a hole or a double', async () => {
    const [task] = shard.tasks;
    if (task === undefined) throw new Error('the shard has no task');
    const posts = await underLoad('kill', async () => {
      shard.killTask(task.taskId);
      await until('the viewers of the task have noticed', () =>
        Promise.resolve(viewers.some(({ joins }) => joins.length > 1) ? true : undefined),
      );
    });
    expect(posts.map(({ status }) => status).filter((status) => status !== 201)).toEqual([]);
    for (const page of pages()) await chatIs(page, 'live');
    await allAgree();
  });

  it('the viewers are counted right within 30 s of it', async () => {
    const right = viewers.length + pages().length;
    await until(
      `${right} viewers are counted`,
      () => Promise.resolve(viewers.every((viewer) => viewer.viewers === right) ? true : undefined),
      30_000,
    );
    for (const page of pages())
      await until('the page says it', async () =>
        (await page.locator('.chat-count').textContent())?.includes(String(right)) === true
          ? true
          : undefined,
      );
    await until('the directory counts the same', async () => {
      const view = await platform.api<BroadcastView>('GET', `/api/broadcasts/${broadcastId}`);
      return view.viewers === right ? true : undefined;
    });
  });

  it('what the broadcaster deletes is off every screen within a second', async () => {
    await isWithin(effectMs, async () => {
      const { posted } = await post(platform, broadcastId, 'Kenji', 'better left unsaid');
      const id = posted?.id ?? '';
      await until('everybody has it', async () =>
        viewers.every(({ shown }) => shown.at(-1)?.id === id) &&
        (await Promise.all(pages().map(drawnLines))).every((lines) => lines.at(-1)?.id === id)
          ? true
          : undefined,
      );
      const start = performance.now();
      await deleted(`/api/broadcasts/${broadcastId}/messages/${id}`);
      await until('it is gone everywhere', async () =>
        viewers.every(({ shown }) => shown.every((message) => message.id !== id)) &&
        (await Promise.all(pages().map(drawnLines))).every((lines) => lines.every((line) => line.id !== id))
          ? true
          : undefined,
      );
      return performance.now() - start;
    });
  });

  it('a timeout is heard at once by whom it concerns, and holds', async () => {
    const { id } = viewers[0]?.shown.find(({ by }) => by.name === 'Hana')?.by ?? { id: '' };
    const path = `/api/channels/${channel.channelId}/chat/bans/${id}`;
    const canWrite = (can: boolean): Promise<true> =>
      until(`the page of the person ${can ? 'lets them write' : 'says it'}`, async () =>
        (await signedIn.locator('[data-chat] textarea').isVisible()) === can ? true : undefined,
      );
    let isOut = false;
    await isWithin(effectMs, async () => {
      if (isOut) await deleted(path);
      await canWrite(true);
      const start = performance.now();
      await platform.api('PUT', path, { forS: 600, name: 'Hana' });
      isOut = true;
      await canWrite(false);
      return performance.now() - start;
    });
    expect(await post(platform, broadcastId, 'Hana', 'let me in')).toMatchObject({
      // It passes.
      status: 429,
      refused: { chat: { reason: 'timeout' } },
    });
    await deleted(path);
    remember([await post(platform, broadcastId, 'Hana', 'thank you')]);
    await allSocketsAgree();
  });

  it('without its Redis posts are refused; nothing that was answered with an id is lost', async () => {
    const posts = await underLoad('redis killed', async () => {
      shard.killRedis();
      await Promise.all(pages().map((page) => chatIs(page, 'reconnecting')));
      await Promise.all(pages().map((page) => chatIs(page, 'live')));
    });
    const refused = posts.filter(({ status }) => status !== 201);
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([503]));
    for (const { refused: answer } of refused) expect(answer?.chat.reason).toBe('unavailable');
    await allAgree();
  });

  it('the same with a Redis that is frozen and thaws', async () => {
    const posts = await underLoad('redis frozen', async (answered) => {
      shard.freezeRedis();
      await until('somebody is refused', () =>
        Promise.resolve(answered.some(({ status }) => status === 503) ? true : undefined),
      );
      shard.thawRedis();
      await Promise.all(pages().map((page) => chatIs(page, 'live')));
    });
    for (const { status } of posts) expect([201, 503]).toContain(status);
    await allAgree();
  });

  it('tidecast drill disconnect cuts half of all sockets, and nobody misses anything', async () => {
    await enter(4, 'websocket');
    await allJoined();
    const drill = (share: number): Promise<string> =>
      command('drill', 'disconnect', '--share', String(share), '--shard', shard.name);
    const heard = `Shard ${shard.name}: 2 tasks`;
    // Of so small a share nobody is cut: it only says whether both have found the Redis again that was frozen.
    await until('both tasks hear it', async () => ((await drill(1e-9)).includes(heard) ? true : undefined));
    const before = viewers.map(({ joins }) => joins.length);
    await underLoad('drill', async () => {
      expect(await drill(0.5)).toContain(`Told to cut 50 % of their sockets:\n${heard}`);
      await until('some are cut', () =>
        Promise.resolve(viewers.some(({ joins }, n) => joins.length > (before[n] ?? 0)) ? true : undefined),
      );
    });
    await allJoined();
    await allAgree();
  });

  it('a task that is restarted sends its viewers away in slices, without loss', async () => {
    const [task] = shard.tasks.toSorted((a, b) => b.outstanding - a.outstanding);
    if (task === undefined) throw new Error('the shard has no task');
    const from = performance.now();
    await underLoad('restart', () => shard.restartTask(task.taskId), fewPerS);
    const leaves = viewers
      .flatMap(({ controls }) => controls)
      .filter(({ control, atMs }) => control.type === 'leave' && atMs > from)
      .map(({ atMs }) => atMs)
      .toSorted((a, b) => a - b);
    // Half of ten sockets, of which two are pages'. Each of so few has a slice of 250 ms; one may be heard a slice late.
    expect(leaves.length).toBeGreaterThan(2);
    expect((leaves.at(-1) ?? 0) - (leaves[0] ?? 0)).toBeGreaterThan((leaves.length - 2) * 250);
    expect(shard.tasks.map(({ taskId }) => taskId)).not.toContain(task.taskId);
    await allJoined();
    await allAgree();
  });

  it('a shard that is added while shows run gets a new broadcast', async () => {
    await command('shards', 'add', 'c');
    await Promise.all([command('shards', 'close', 'a'), command('shards', 'close', 'b')]);
    const other = await platform.newChannel('Rock pool');
    const second = startEncoder(other.target, testPicture({ size: '320x180' }));
    try {
      const { broadcast } = await other.live();
      const { path } = await chatOf(broadcast.broadcastId);
      expect(path).toBe('/chat/c/');
      const viewer = new ChatViewer({
        url: platform.url,
        path: path ?? '',
        broadcastId: broadcast.broadcastId,
        transport: 'websocket',
      });
      const { posted } = await post(platform, broadcast.broadcastId, 'Hana', 'first in c');
      await until('it is shown', () =>
        Promise.resolve(viewer.shown.some(({ id }) => id === posted?.id) ? true : undefined),
      );
      viewer.close();
    } finally {
      await second.kill();
    }
    expect(await command('shards')).toMatch(/^c +open +2 /m);
  });

  it('a show that is moved to another shard takes its viewers along', async () => {
    await underLoad(
      'move',
      async () => {
        expect(await command('shards', 'move', shard.name, '--to', 'c')).toContain(broadcastId);
        await until('everybody has followed', () =>
          Promise.resolve(
            viewers.every(({ path, isConnected }) => path === '/chat/c/' && isConnected) ? true : undefined,
          ),
        );
      },
      fewPerS,
    );
    await allAgree();
  });

  it('the recording replays its chat in step with the picture, seeking included', async () => {
    const ids = viewers[0]?.shown.map(({ id }) => id) ?? [];
    for (const viewer of viewers) viewer.close();
    await encoder.finish();
    const recorded = await until('the recording has its end', async () => {
      const [list] = await readRecording(platform, broadcastId);
      return list?.ended === true ? list : undefined;
    });
    const pictureStart = Date.parse(/#EXT-X-PROGRAM-DATE-TIME:(.+)/.exec(recorded.text)?.[1] ?? '');
    /** Where in the recording the picture is that was live when this was said. */
    const atS = (id: string): number => (idTimeMs(id) - pictureStart) / 1_000;
    await anonymous.close();
    const page = signedIn;
    await page.goto(`${platform.url}/watch/${broadcastId}`);
    await playerIs(page, { state: 'playing', mode: 'recording' });
    const replayed = { ids, atS, withinS: stepS };
    const late = ids[Math.floor(ids.length * 0.75)] ?? '';
    await seek(page, atS(late));
    await inStep(page, 'far ahead', replayed);
    const early = ids[25] ?? '';
    await seek(page, atS(early) - 2);
    const [shownAtS] = await Promise.all([
      pictureAt(page, early),
      inStep(page, 'after going back', replayed),
    ]);
    expect(Math.abs(shownAtS - atS(early))).toBeLessThan(stepS);
    const { lines } = await readChat(page);
    expect(lines.every(({ id }) => ids.includes(id))).toBe(true);
  });

  it('has thrown no error in a page, and written no token into any log', async () => {
    expect(complaints).toEqual([]);
    for (const file of await readdir(join(platform.data, 'logs')))
      expect(await readFile(join(platform.data, 'logs', file), 'utf8')).not.toMatch(/eyJ[\w-]+\.eyJ/);
  });

  const deleted = async (path: string): Promise<void> => {
    const response = await fetch(`${platform.url}${path}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${await platform.tokenFor('tester')}` },
    });
    expect(response.status).toBe(204);
  };
});
