import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureTables } from '../../../../runtime/store/tables/ensure.ts';
import { newChannel, startTestTables, type TestTables } from './harness.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTestTables();
});
afterAll(() => tables.stop());

describe('channels', () => {
  it('are listed for their owner, oldest first, as soon as they are made', async () => {
    const first = newChannel();
    const second = newChannel('private', first.ownerId);
    expect(await tables.channels.create(second, 10)).toBe('created');
    expect(await tables.channels.create(first, 10)).toBe('created');
    expect(await tables.channels.listByOwner(first.ownerId)).toEqual([first, second]);
    expect(await tables.channels.listByOwner('nobody')).toEqual([]);
  });

  it('stay within the limit, whatever runs at the same time, and leave nothing over it', async () => {
    const owner = newChannel();
    const wanted = Array.from({ length: 9 }, () => newChannel('public', owner.ownerId));
    const answers = await Promise.all(wanted.map((channel) => tables.channels.create(channel, 4)));
    expect(answers.filter((answer) => answer === 'created')).toHaveLength(4);
    for (const [n, channel] of wanted.entries())
      expect((await tables.channels.get(channel.channelId)) !== undefined).toBe(answers[n] === 'created');
  });

  it('made again with the same call, as after a lost answer, count once', async () => {
    const channel = newChannel();
    expect(await tables.channels.create(channel, 1)).toBe('created');
    expect(await tables.channels.create(channel, 1)).toBe('created');
    expect(await tables.channels.listByOwner(channel.ownerId)).toEqual([channel]);
  });

  it('are changed by their owner only', async () => {
    const channel = await tables.channel();
    const { channelId, ownerId } = channel;
    expect(await tables.channels.update(channelId, 'stranger', { name: 'x' })).toBeUndefined();
    expect(await tables.channels.renewKey(channelId, 'stranger', 'cd'.repeat(32), 9)).toBeUndefined();
    expect(await tables.channels.get(channelId)).toEqual(channel);
    expect(await tables.channels.update(channelId, ownerId, { title: '' })).toEqual({
      ...channel,
      title: '',
    });
    expect(await tables.channels.update(channelId, ownerId, {})).toEqual({ ...channel, title: '' });
    expect(await tables.channels.update(channelId, 'stranger', {})).toBeUndefined();
    expect(await tables.channels.renewKey(channelId, ownerId, 'cd'.repeat(32), 9)).toMatchObject({
      keyHash: 'cd'.repeat(32),
      keyCreatedAt: 9,
      title: '',
    });
  });

  it('that do not exist are not made by changing them', async () => {
    const { channelId, ownerId } = newChannel();
    expect(await tables.channels.update(channelId, ownerId, { name: 'x' })).toBeUndefined();
    expect(await tables.channels.get(channelId)).toBeUndefined();
  });
});

describe('the tables', () => {
  it('are made once, by however many programs at the same time', async () => {
    const prefix = 'together';
    await Promise.all(Array.from({ length: 4 }, () => ensureTables({ client: tables.client, prefix })));
    await ensureTables({ client: tables.client, prefix });
  });
});
