import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createShards } from '../../../../runtime/store/tables/shards.ts';
import { startChatTables, type ChatTables } from './chat-harness.ts';
import { noon } from './contract/chat.ts';
import { shardStoreContract } from './contract/shards.ts';

let tables: ChatTables;
beforeAll(async () => {
  tables = await startChatTables();
});
afterAll(() => tables.stop());

shardStoreContract(() => tables.openShards());

describe('what another version has written of shards', () => {
  it('is read as far as it is understood: an unknown state takes no new broadcasts', async () => {
    const names = await tables.empty();
    const shards = createShards({ client: tables.client, tables: names, now: () => noon });
    const place = 'shards';
    await tables.leave(names.chat, {
      place,
      entry: 'shard#a',
      redisUrl: 'redis://a:1',
      state: 'resting',
      zone: 'z',
    });
    await tables.leave(names.chat, { place, entry: 'shard#b' });
    await tables.leave(names.chat, { place, entry: 'load#a#t1', shard: 'a', taskId: 't1', sockets: 'many' });
    await tables.leave(names.chat, { place, entry: 'zone#z' });
    expect(await shards.list()).toEqual({
      shards: [{ shard: 'a', redisUrl: 'redis://a:1', state: 'closed' }],
      loads: [],
    });
  });
});
