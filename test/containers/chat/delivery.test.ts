import { afterEach, describe, expect, it } from 'vitest';
import { broadcastId, joinFan, names, startTestChat, type Fan, type TestChat, until } from './harness.ts';

let chat: TestChat;
const fans: Fan[] = [];
const join = async (...args: Parameters<typeof joinFan>): Promise<Fan> => {
  const fan = await joinFan(...args);
  fans.push(fan);
  return fan;
};
afterEach(async () => {
  for (const fan of fans.splice(0)) fan.leave();
  await chat.close();
});

const kinds = {
  websocket: { transports: ['websocket'], perMessageDeflate: false },
  'websocket that compresses': { transports: ['websocket'] },
  polling: { transports: ['polling'] },
  'polling, then websocket': { transports: ['polling', 'websocket'] },
};

describe.each(['direct', 'emit'] as const)('delivery by %s', (delivery) => {
  it.each(Object.entries(kinds))('gives every message once and in order over %s', async (_, transport) => {
    chat = await startTestChat({ delivery });
    chat.shard.sayAll(broadcastId, names(30, 'before'));
    const fan = await join(chat.origin, transport as object);
    for (let round = 0; round < 40; round += 1) {
      chat.shard.sayAll(broadcastId, names(5, `round ${round} ・ 日本語 `));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const expected = chat.shard.kept.get(broadcastId)?.map(({ text }) => text);
    await until(() => expect(fan.texts()).toHaveLength(230));
    expect(fan.texts()).toEqual(expected);
  });
});
