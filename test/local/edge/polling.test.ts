import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { always, ask, deferred, startTestEdge, type Handler } from './harness.ts';
import { startShard, startTask } from './shard.ts';

const path = '/chat/a/?EIO=4&transport=polling&t=x';
const named = (name: string): Handler => always(name);
const cookieOf = (headers: { readonly 'set-cookie'?: string[] | undefined }): string =>
  headers['set-cookie']?.[0]?.split(';')[0] ?? '';

describe('long polling through the edge', () => {
  test('reaches the shard with path, query, body and the viewer’s address; cookies stay behind', async () => {
    let body = '';
    const task = await startTask((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => response.writeHead(200, { 'content-type': 'text/plain' }).end('ok'));
    });
    const shard = await startShard(task);
    const edge = await startTestEdge({ chat: shard.chat });
    const answer = await ask(edge, path, {
      method: 'POST',
      body: '40{"broadcast":"b"}',
      headers: { cookie: 'secret=1', 'x-forwarded-for': '6.6.6.6', origin: 'https://here' },
    });
    expect(answer).toMatchObject({ status: 200, body: Buffer.from('ok') });
    expect(body).toBe('40{"broadcast":"b"}');
    expect(task.seen[0]).toMatchObject({
      method: 'POST',
      url: path,
      headers: { 'x-forwarded-for': '127.0.0.1', origin: 'https://here' },
    });
    expect(task.seen[0]?.headers).not.toHaveProperty('cookie');
  });

  test('two that ask the same at the same time are two, and nothing is kept', async () => {
    let count = 0;
    const both = deferred();
    const task = await startTask((_request, response) => {
      count += 1;
      const n = count;
      if (n === 2) both.resolve();
      void both.promise.then(() => response.writeHead(200, { 'cache-control': 'max-age=60' }).end(String(n)));
    });
    const shard = await startShard(task);
    const edge = await startTestEdge({ chat: shard.chat });
    const answers = await Promise.all([ask(edge, path), ask(edge, path)]);
    answers.push(await ask(edge, path));
    expect(answers.map(({ body }) => body.toString()).toSorted()).toEqual(['1', '2', '3']);
    expect(edge.stats()).toMatchObject({ cacheEntries: 0, hits: 0, collapsed: 0 });
  });

  test('a cookie leads back to the same task, and no further than the shard', async () => {
    const shard = await startShard(await startTask(named('one')), await startTask(named('two')));
    const edge = await startTestEdge({ chat: shard.chat });
    const first = await ask(edge, path);
    expect(first.headers['set-cookie']).toEqual([
      expect.stringMatching(/^tidecast-task=task-\d; Path=\/chat\/a\/; HttpOnly; SameSite=Lax$/),
    ]);
    for (let i = 0; i < 4; i++) {
      const again = await ask(edge, path, { headers: { cookie: cookieOf(first.headers) } });
      expect(again.body).toEqual(first.body);
      expect(again.headers).not.toHaveProperty('set-cookie');
    }
    const strangers = await Promise.all(Array.from({ length: 4 }, () => ask(edge, path)));
    expect(new Set(strangers.map(({ body }) => body.toString())).size).toBe(2);
  });

  test('a task’s own cookies come along', async () => {
    const task = await startTask(always('x', { 'set-cookie': 'own=1' }));
    const shard = await startShard(task);
    const edge = await startTestEdge({ chat: shard.chat });
    expect((await ask(edge, path)).headers['set-cookie']).toEqual([
      'own=1',
      expect.stringContaining('tidecast-task='),
    ]);
  });

  test('whoever was with a task that drains is led to another one', async () => {
    const one = await startTask(named('one'));
    const shard = await startShard(one, await startTask(named('two')));
    const edge = await startTestEdge({ chat: shard.chat });
    let cookie = '';
    while (cookie === '') {
      const answer = await ask(edge, path);
      if (answer.body.toString() === 'one') cookie = cookieOf(answer.headers);
    }
    one.health = 503;
    await shard.healthy(1);
    const moved = await ask(edge, path, { headers: { cookie } });
    expect(moved.body.toString()).toBe('two');
    expect(cookieOf(moved.headers)).not.toBe(cookie);
  });

  test('a request that waits counts: the next one goes to the other task', async () => {
    const gate = deferred();
    const slow: Handler = (_request, response) => void gate.promise.then(() => response.end());
    const tasks = [await startTask(slow), await startTask(slow)];
    const shard = await startShard(...tasks);
    const edge = await startTestEdge({ chat: shard.chat });
    const waiting = Array.from({ length: 6 }, () => ask(edge, path));
    await expect.poll(() => tasks.map(({ seen }) => seen.length), { interval: 5 }).toEqual([3, 3]);
    gate.resolve();
    await Promise.all(waiting);
    await expect
      .poll(() => shard.group.targets.map(({ outstanding }) => outstanding), { interval: 5 })
      .toEqual([0, 0]);
  });

  test('a task that is gone is passed over before any check has found out; 503 when it was the last', async () => {
    const one = await startTask(named('one'));
    const two = await startTask(named('two'));
    const shard = await startShard(one, two);
    // No check may come first: the group goes on with what it knows.
    const edge = await startTestEdge({ chat: shard.chat });
    await one.close();
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(edge, path)));
    expect(answers.map(({ body }) => body.toString())).toEqual(Array.from({ length: 8 }, () => 'two'));
    await two.close();
    expect(await ask(edge, path)).toMatchObject({ status: 503, headers: { 'retry-after': '2' } });
  });

  test('a shard that nobody knows is a 404', async () => {
    const shard = await startShard();
    const edge = await startTestEdge({ chat: shard.chat });
    for (const name of ['b', '', '%61%00', '..', '__proto__'])
      expect((await ask(edge, `/chat/${name}/?x=1`)).status).toBeGreaterThanOrEqual(400);
    expect((await ask(edge, '/chat/b/')).status).toBe(404);
    expect((await ask(edge, '/chat/a/')).status).toBe(503);
  });

  test('a large answer arrives whole, uncompressed as the task sent it', async () => {
    const body = Buffer.from('話'.repeat(300_000));
    const task = await startTask(always(body, { 'content-type': 'text/plain; charset=UTF-8' }));
    const shard = await startShard(task);
    const edge = await startTestEdge({ chat: shard.chat });
    const answer = await ask(edge, path, { headers: { 'accept-encoding': 'gzip' } });
    const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    expect(hash(answer.body)).toBe(hash(body));
  });
});
