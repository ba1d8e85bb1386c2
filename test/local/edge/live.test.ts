import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { always, ask, startOrigin, startTestEdge, type TestEdge } from './harness.ts';

const playlist = '/live/in-01/b1/360p/index.m3u8';
const segment = '/live/in-01/b1/360p/1-0-7.m4s';

/** Until the edge has so many requests; each poll is one round trip of the event loop. */
async function requestsAtEdge(edge: TestEdge, count: number): Promise<void> {
  while (edge.stats().requests < count) await new Promise((resolve) => setImmediate(resolve));
}

describe('collapsing', () => {
  test('2,000 requests that wait for the same part of a playlist are one origin request', async () => {
    const held: ServerResponse[] = [];
    const origin = await startOrigin((_request, response) => held.push(response));
    const edge = await startTestEdge({ live: origin });
    const path = `${playlist}?_HLS_msn=7&_HLS_part=2`;
    const asked = Array.from({ length: 2_000 }, () => ask(edge, path));
    await requestsAtEdge(edge, 2_000);

    expect(origin.seen).toHaveLength(1);
    held[0]?.writeHead(200, { 'cache-control': 'max-age=6' }).end('#EXTM3U');
    const answers = await Promise.all(asked);

    expect(new Set(answers.map(({ status, body }) => `${status} ${body.toString()}`))).toEqual(
      new Set(['200 #EXTM3U']),
    );
    expect(origin.seen).toHaveLength(1);
    expect(edge.stats()).toMatchObject({ originRequests: 1, misses: 1, collapsed: 1_999, flights: 0 });
  });
});

describe('keys', () => {
  test('a stranger can not get past the cache with parameters, cookies or headers of his own', async () => {
    const origin = await startOrigin(always('media', { 'cache-control': 'max-age=60' }));
    const edge = await startTestEdge({ live: origin });
    await ask(edge, segment);
    const answer = await ask(edge, `${segment}?x=${'1'.repeat(50)}`, {
      headers: { cookie: 'a=b', authorization: 'Bearer x', origin: 'https://elsewhere', range: 'bytes=0-1' },
    });
    expect(answer.headers['x-cache']).toBe('Hit from tidecast-edge');
    expect(answer.status).toBe(206);
    expect(origin.seen).toHaveLength(1);
  });
});
