import { afterEach, describe, expect, it } from 'vitest';
import { levelOf, type RequestLine } from '../../../containers/api/request-log.ts';
import { startTestChat, type TestChat } from './chat/harness.ts';

const post: RequestLine = {
  request: '1',
  method: 'POST',
  route: '/api/broadcasts/:id/messages',
  id: undefined,
  status: 201,
  ms: 20,
};
const view: RequestLine = { ...post, method: 'GET', route: '/api/broadcasts/:id', status: 200 };

describe('a request', () => {
  it.each<[string, RequestLine, string]>([
    ['for something that people look at', view, 'info'],
    ['that is a post', post, 'debug'],
    ['that is a post which is not taken', { ...post, status: 422 }, 'debug'],
    ['that deletes a message', { ...post, method: 'DELETE', status: 204 }, 'info'],
    ['for the health', { ...view, route: '/healthz' }, 'debug'],
    ['for the metrics', { ...view, route: '/metrics' }, 'debug'],
    ['that was slow', { ...view, ms: 1_001 }, 'warn'],
    ['that was a slow post', { ...post, ms: 1_001 }, 'warn'],
    ['that failed', { ...view, status: 500 }, 'warn'],
    ['that was a post on which something broke', { ...post, status: 500 }, 'warn'],
    ['that was a post while the chat is away', { ...post, status: 503, ms: 2_000 }, 'debug'],
    ['that came too often', { ...view, status: 429 }, 'debug'],
    ['that came too often, and waited', { ...post, status: 429, ms: 2_000 }, 'debug'],
    ['that was not allowed', { ...view, status: 403 }, 'info'],
  ])('%s is logged as it is worth', (_what, line, level) => {
    expect(levelOf(line)).toBe(level);
  });
});

describe('the log', () => {
  let chat: TestChat;
  afterEach(() => chat.close());

  it('has a line for what staff do, none for what people say, and one a second for what failed', async () => {
    chat = await startTestChat();
    const { broadcast } = await chat.live('owner');
    const { broadcastId } = broadcast;
    const { id } = await chat.saySurely('alice', broadcastId, 'hello');
    await chat.api.ask('owner', 'DELETE', `/api/broadcasts/${broadcastId}/messages/${id}`);
    await chat.redis.get('a')?.kill();
    expect((await chat.say('alice', broadcastId, 'nowhere')).statusCode).toBe(503);
    const lines = chat.api.logLines.map(
      (line) => JSON.parse(line) as Partial<RequestLine> & { readonly level: number },
    );
    expect(lines.some(({ level }) => level >= 40)).toBe(true);
    const worth = lines.filter(({ route, level }) => route?.includes('/messages') && level >= 30);
    const said = worth.map(({ method, status, level }) => `${method} ${status} ${level}`);
    expect([...new Set(said)].toSorted()).toEqual(['DELETE 204 30']);
  });
});
