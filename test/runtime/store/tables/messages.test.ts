import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bucketOf } from '../../../../runtime/store/tables/message-items.ts';
import { startChatTables, type ChatTables } from './chat-harness.ts';
import { messageOf, messagesOf, messageStoreContract, today } from './contract/messages.ts';

let tables: ChatTables;
beforeAll(async () => {
  tables = await startChatTables();
});
afterAll(() => tables.stop());

messageStoreContract(() => tables.openMessages());

const dayMs = 86_400_000;

describe('buckets', () => {
  const shares = (ids: readonly string[]): readonly number[] => {
    const counts = new Map<string, number>();
    for (const id of ids) {
      const bucket = bucketOf('show', id);
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    }
    return [...counts.values()];
  };

  it.each([
    ['one after the other', 1],
    ['a ms apart', 1_000],
    ['16 ms apart', 16_000],
    ['a second apart', 1_000_000],
  ])('get even shares of ids that come %s', (_, stepUs) => {
    const ids = Array.from({ length: 16_000 }, (_each, n) => String(1_790_000_000_000_000 + n * stepUs));
    const counts = shares(ids);
    expect(counts).toHaveLength(16);
    // 1,000 each; a fair draw would be within ±130 in all but one of 10,000 trials.
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });

  it('are where they have always been', () => {
    expect(
      ['1790000000000000', '1790000000000001', '1790000000123456'].map((id) => bucketOf('show', id)),
    ).toEqual(['show#12', 'show#3', 'show#2']);
  });
});

describe('messages', () => {
  it('are no longer read when their time is over', async () => {
    const names = await tables.empty();
    let now = today;
    const store = tables.messages(names, { now: () => now, keptMs: dayMs });
    await store.write('show', [messageOf(0), messageOf(1, { at: today + 60_000 })]);
    expect(await store.read('show', {})).toHaveLength(2);
    now = today + dayMs + 1_000;
    expect(await store.read('show', {})).toEqual([messageOf(1, { at: today + 60_000 })]);
    expect(await store.read('show', { newest: 2 })).toHaveLength(1);
    now = today + dayMs + 61_000;
    expect(await store.read('show', {})).toEqual([]);
  });

  it('carry the second after which DynamoDB may delete them', async () => {
    const names = await tables.empty();
    await tables.messages(names).write('show', [messageOf(0)]);
    const { Items: items } = await tables.client.send(new ScanCommand({ TableName: names.messages }));
    expect(items).toMatchObject([{ expiresAt: Math.ceil((today + 30 * dayMs) / 1000) }]);
  });

  it('of an unknown role have no rights, and what is no message is left out', async () => {
    const names = await tables.empty();
    const at = today;
    const expiresAt = Math.ceil(today / 1000) + 1_000;
    const place = (n: number) => ({
      bucket: bucketOf('show', messageOf(n).id),
      id: `${messageOf(n).id}#x`,
      expiresAt,
    });
    await tables.leave(names.messages, {
      ...place(1),
      at,
      text: 'new',
      by: { id: 'p', name: 'N', role: 'vip' },
      gift: 1,
    });
    await tables.leave(names.messages, { ...place(2), at, text: 'old', by: { id: 'p' }, postedBy: 7 });
    await tables.leave(names.messages, { ...place(3), at });
    expect(await tables.messages(names).read('show', {})).toEqual([
      { id: messageOf(1).id, at, text: 'new', by: { id: 'p', name: 'N', role: 'viewer' } },
      { id: messageOf(2).id, at, text: 'old', by: { id: 'p', name: '', role: 'viewer' } },
    ]);
    expect((await tables.messages(names).readKeyed('show', {})).keys).toEqual(new Map());
  });

  it('without an id or a time are a mistake of the caller, and nothing is written', async () => {
    const names = await tables.empty();
    const store = tables.messages(names);
    for (const bad of [{ id: '12' }, { id: '' }, { at: Number.NaN }, { at: Infinity }])
      await expect(store.write('show', [messageOf(1), messageOf(2, bad)])).rejects.toThrow(RangeError);
    expect(await store.read('show', {})).toEqual([]);
  });

  it('that are too large for the table fail alone', async () => {
    const names = await tables.empty();
    const store = tables.messages(names);
    const messages = messagesOf(24);
    const huge = messageOf(100, { text: 'x'.repeat(500_000) });
    const answers = await Promise.all([...messages, huge].map((message) => store.write('show', [message])));
    expect(answers.flatMap(({ failed }) => failed)).toEqual([huge.id]);
    expect(await store.read('show', {})).toEqual(messages);
  });

  it('are read back over many pages of 1 MB', async () => {
    const names = await tables.empty();
    const store = tables.messages(names);
    // All in one bucket.
    const many = Array.from({ length: 400 }, (_, n) => messageOf(n, { text: 'x'.repeat(300_000) }));
    const messages = many.filter(({ id }) => bucketOf('show', id) === 'show#7').slice(0, 10);
    for (const message of messages) await store.write('show', [message]);
    expect(await store.read('show', {})).toEqual(messages);
    expect(await store.read('show', { newest: 7 })).toEqual(messages.slice(-7));
    const { id } = messages[0]?.by ?? { id: '' };
    const ids = messages.filter(({ by }) => by.id === id).map((message) => message.id);
    expect(await store.removeOf('show', id, messageOf(500).id)).toEqual(ids);
  });
});
