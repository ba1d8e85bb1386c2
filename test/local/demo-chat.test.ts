import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultLimits } from '../../core/chat/limits.ts';
import { defaultSettings } from '../../core/chat/mode.ts';
import { demoScenes } from '../../local/demo-lines.ts';
import { startDemoChat, type DemoChat } from '../../local/demo-chat.ts';

interface Post {
  readonly path: string;
  readonly token: string;
  readonly text: string;
}

describe('the people of the demo', () => {
  const posts: Post[] = [];
  const paused: number[] = [];
  let server: Server;
  let url: string;
  let chat: DemoChat | undefined;
  let current: string | undefined;
  let answer: (post: Post) => number;

  beforeEach(async () => {
    posts.length = 0;
    paused.length = 0;
    current = 'b1';
    answer = () => 201;
    server = createServer((request, response) => {
      if (request.method === 'GET') {
        response.end(JSON.stringify(current === undefined ? {} : { current: { broadcastId: current } }));
        return;
      }
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        const { text } = JSON.parse(body) as { text: string };
        const post = { path: request.url ?? '', token: request.headers.authorization ?? '', text };
        posts.push(post);
        response.writeHead(answer(post)).end('{}');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    await chat?.stop();
    server.closeAllConnections();
    server.close();
  });

  /** In a world where pauses take no time. */
  const start = (): void => {
    chat = startDemoChat({
      apiUrl: url,
      channelId: 'c1',
      tokenFor: (person) => Promise.resolve(encodeURIComponent(person)),
      random: () => 0.5,
      pause: (ms) => {
        paused.push(ms);
        return new Promise((resolve) => {
          setImmediate(resolve);
        });
      },
    });
  };
  const said = (count: number): Promise<void> =>
    expect.poll(() => posts.length, { interval: 5, timeout: 5_000 }).toBeGreaterThanOrEqual(count);

  it('talk in the demo’s broadcast, each with a token of their own', async () => {
    start();
    await said(10);
    expect(new Set(posts.map(({ path }) => path))).toEqual(new Set(['/api/broadcasts/b1/messages']));
    const lines = new Map(
      demoScenes.flat().map(({ who, text }) => [`Bearer ${encodeURIComponent(who)} ${text}`, true]),
    );
    for (const { token, text } of posts) expect(lines.has(`${token} ${text}`)).toBe(true);
  });

  it('say what any chat lets pass, no faster than one person may', () => {
    const perS = 1_000 / 2_000;
    expect(perS).toBeLessThanOrEqual(defaultLimits.person.perS);
    for (const { text, who } of demoScenes.flat()) {
      expect(text.length).toBeLessThanOrEqual(defaultSettings.maxLength);
      expect(text).not.toMatch(/https?:|www\./);
      expect(who).toMatch(/^[A-Za-z]{2,10}$/);
    }
    // A mention is of somebody who is there.
    const people = new Set(demoScenes.flat().map(({ who }) => who));
    for (const { text } of demoScenes.flat())
      for (const [, name = ''] of text.matchAll(/@([A-Za-z]+)/g)) expect(people).toContain(name);
  });

  it('pause as people do, and longer while the chat is away', async () => {
    answer = () => 503;
    start();
    await said(3);
    expect(paused).toContain(2_000);
    expect(paused.filter((ms) => ms === 5_000).length).toBeGreaterThanOrEqual(2);
  });

  it('go on in the next broadcast when this one has ended', async () => {
    answer = ({ path }) => (path.includes('b1') ? 409 : 201);
    start();
    await said(1);
    current = 'b2';
    await expect.poll(() => posts.at(-1)?.path, { interval: 5 }).toBe('/api/broadcasts/b2/messages');
  });

  it('wait for a broadcast, and for an API that answers nothing sensible', async () => {
    current = undefined;
    start();
    await expect.poll(() => paused.length, { interval: 5 }).toBeGreaterThan(2);
    expect(posts).toEqual([]);
    current = 'b3';
    await said(1);
  });

  it('are silent once they are told to stop', async () => {
    start();
    await said(1);
    await chat?.stop();
    const count = posts.length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(posts.length).toBe(count);
  });
});
