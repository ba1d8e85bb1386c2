import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ChatMessage } from '../../../../core/chat/message.ts';
import type { TableNames } from '../../../../core/tables.ts';
import { TableError, type TableClient } from '../../../../runtime/store/tables/client.ts';
import type { Messages } from '../../../../runtime/store/tables/messages.ts';
import { startChatTables, type ChatTables, type MessageOptions } from './chat-harness.ts';
import { messageOf, messagesOf } from './contract/messages.ts';
import { startFaultProxy, throttled, type Asked, type Fate, type FaultProxy } from './fault-proxy.ts';

let tables: ChatTables;
beforeAll(async () => {
  tables = await startChatTables();
});
afterAll(() => tables.stop());

/** Taking back again and again, so that it comes after whatever is late in a test. */
const oftenMs = Array.from({ length: 60 }, () => 150);
/** Short pauses. */
const impatient = (): number => Math.random() / 20;

const pass: Fate = { kind: 'pass' };
const isPut = ({ body }: Asked): boolean => JSON.stringify(body['RequestItems'] ?? {}).includes('PutRequest');

interface Stage {
  readonly names: TableNames;
  /** Its calls go through the faults. */
  readonly store: Messages;
  /** Sees the tables as they are. */
  readonly witness: Messages;
  readonly proxy: FaultProxy;
}

const stages: FaultProxy[] = [];
afterEach(async () => {
  await Promise.all(stages.splice(0).map((proxy) => proxy.stop()));
});

async function stage(
  fateOf: (asked: Asked, n: number) => Fate,
  options: MessageOptions = {},
): Promise<Stage> {
  const names = await tables.empty();
  const proxy = await startFaultProxy(tables.endpoint, fateOf);
  stages.push(proxy);
  const store = tables.messages(names, { endpoint: proxy.url, ...options });
  return { names, store, witness: tables.messages(names), proxy };
}

const all = ({ witness }: Stage): Promise<readonly ChatMessage[]> => witness.read('show', {});

/** DynamoDB that answers every batch alike. */
const answering = (answer: (items: readonly unknown[]) => Promise<unknown>): TableClient =>
  ({
    send: ({ input }: { readonly input: { readonly RequestItems: Readonly<Record<string, unknown[]>> } }) =>
      answer(Object.values(input.RequestItems).flat()),
  }) as unknown as TableClient;

describe('writing', () => {
  it('collects posts of many broadcasts that come together into batches of 25', async () => {
    const sizes: number[] = [];
    const writes = answering((items) => {
      sizes.push(items.length);
      return Promise.resolve({});
    });
    const store = tables.messages(await tables.empty(), { writes });
    await Promise.all(
      Array.from({ length: 60 }, (_, n) => store.write(n % 2 === 0 ? 'show' : 'other', [messageOf(n)])),
    );
    expect(sizes).toEqual([25, 25, 10]);
  });

  it('has a bounded number of batches under way', async () => {
    let underWay = 0;
    let most = 0;
    const writes = answering(async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise(setImmediate);
      underWay -= 1;
      return {};
    });
    const store = tables.messages(await tables.empty(), { writes });
    expect(await store.write('show', messagesOf(2_000))).toEqual({ failed: [] });
    expect(most).toBe(16);
  });

  it.each([
    ['throttles', throttled],
    ['is asked too often', { kind: 'error', code: 'ThrottlingException', status: 400 }],
    ['has an accident', { kind: 'error', code: 'InternalServerError', status: 500 }],
    ['does a part', { kind: 'partly', items: 9 }],
    ['does nothing', { kind: 'partly', items: 0 }],
    ['breaks off', { kind: 'cut' }],
    ['breaks off after it was done', { kind: 'lost-reply' }],
  ] satisfies [string, Fate][])('goes on when DynamoDB %s for some calls', async (_, fate) => {
    const at = await stage((asked, n) => (isPut(asked) && n % 2 === 0 ? fate : pass), { random: impatient });
    const messages = messagesOf(80);
    expect(await at.store.write('show', messages)).toEqual({ failed: [] });
    expect(await all(at)).toEqual(messages);
    expect(at.proxy.asked.length).toBeGreaterThan(4);
  });

  it('asks again on another connection when one does not answer', async () => {
    const at = await stage((_, n) => (n === 0 ? { kind: 'silent' } : pass), { deadlineMs: 1_500 });
    expect(await at.store.write('show', [messageOf(1)])).toEqual({ failed: [] });
    expect(at.proxy.asked.length).toBeGreaterThan(1);
    expect(await all(at)).toEqual([messageOf(1)]);
  });

  it('says what DynamoDB would not take within the deadline, and takes nothing away that it never did', async () => {
    let asked = 0;
    const writes = answering(() => {
      asked += 1;
      return Promise.reject(
        Object.assign(new Error(), { name: 'ThrottlingException', $metadata: { httpStatusCode: 400 } }),
      );
    });
    const store = tables.messages(await tables.empty(), { writes, deadlineMs: 300 });
    const messages = messagesOf(5);
    expect(await store.write('show', messages)).toEqual({ failed: messages.map(({ id }) => id) });
    expect(asked).toBeGreaterThan(2);
    const before = asked;
    await delay(50);
    expect(asked).toBe(before);
  });

  it('says which part was written', async () => {
    const messages = messagesOf(40);
    const never = messages.filter((_, n) => n % 4 === 0).map(({ id }) => id);
    const names = await tables.empty();
    const writes = answering((items) => {
      const over = items.filter((item) => never.some((id) => JSON.stringify(item).includes(id)));
      return Promise.resolve({ UnprocessedItems: { [names.messages]: over } });
    });
    const store = tables.messages(names, { writes, deadlineMs: 300 });
    expect(await store.write('show', messages)).toEqual({ failed: never });
  });

  it('while DynamoDB is silent answers in time, and everything is well afterwards', async () => {
    const at = await stage(() => ({ kind: 'silent' }), { deadlineMs: 200 });
    const begun = performance.now();
    const messages = messagesOf(200);
    expect((await at.store.write('show', messages)).failed).toHaveLength(200);
    // The deadline, and the patience for taking back.
    expect(performance.now() - begun).toBeLessThan(5_000);
    at.proxy.heal();
    const patient = tables.messages(at.names, { endpoint: at.proxy.url });
    expect(await patient.write('show', messages)).toEqual({ failed: [] });
    expect(await all(at)).toEqual(messages);
  });
});

describe('what was never sent', () => {
  it('is not taken away either', async () => {
    const at = await stage(() => pass);
    await at.proxy.stop();
    const begun = performance.now();
    // Taking something back would wait for 200 ms more.
    const store = tables.messages(at.names, { endpoint: at.proxy.url, deadlineMs: 100 });
    expect((await store.write('show', [messageOf(1)])).failed).toHaveLength(1);
    expect(performance.now() - begun).toBeLessThan(300);
  });
});

describe('what was refused after a lost answer', () => {
  it('is gone', async () => {
    const at = await stage((asked) => (isPut(asked) ? { kind: 'lost-reply' } : pass), { deadlineMs: 500 });
    const messages = messagesOf(10);
    expect((await at.store.write('show', messages)).failed).toHaveLength(10);
    await vi.waitFor(async () => expect(await all(at)).toEqual([]), 5_000);
  });

  it('is taken away as soon as DynamoDB can be reached again', async () => {
    let isAway = true;
    const at = await stage(
      (asked) => {
        if (isPut(asked)) return { kind: 'lost-reply' };
        return isAway ? { kind: 'cut' } : pass;
      },
      { deadlineMs: 500 },
    );
    const refused = at.store.write('show', [messageOf(1)]);
    await vi.waitFor(async () => expect(await all(at)).toEqual([messageOf(1)]), 5_000);
    expect((await refused).failed).toHaveLength(1);
    isAway = false;
    await vi.waitFor(async () => expect(await all(at)).toEqual([]), 10_000);
  });

  it('is taken away again when DynamoDB does it late', async () => {
    const gate = Promise.withResolvers<void>();
    const at = await stage((asked) => (isPut(asked) ? { kind: 'late', until: () => gate.promise } : pass), {
      deadlineMs: 600,
      takeBackAfterMs: oftenMs,
    });
    expect((await at.store.write('show', [messageOf(1)])).failed).toHaveLength(1);
    await vi.waitFor(() => expect(at.proxy.asked.some((asked) => !isPut(asked))).toBe(true), 5_000);
    expect(await all(at)).toEqual([]);
    gate.resolve();
    await at.proxy.idle();
    await vi.waitFor(async () => expect(await all(at)).toEqual([]), 10_000);
  });

  it('never takes along what another task has written of the same post', async () => {
    const at = await stage((asked) => (isPut(asked) ? { kind: 'lost-reply' } : pass), {
      deadlineMs: 500,
      takeBackAfterMs: [50],
    });
    // Before, meanwhile and after.
    expect(await at.witness.write('show', [messageOf(1)])).toEqual({ failed: [] });
    const refused = at.store.write('show', [messageOf(1), messageOf(2)]);
    expect(await at.witness.write('show', [messageOf(2)])).toEqual({ failed: [] });
    expect((await refused).failed).toHaveLength(2);
    await vi.waitFor(
      () => expect(at.proxy.asked.filter((asked) => !isPut(asked)).length).toBeGreaterThan(1),
      5_000,
    );
    await at.proxy.idle();
    expect(await all(at)).toEqual([messageOf(1), messageOf(2)]);
  });

  it('and what was written: nothing of the one is read, nothing of the other is lost, whatever happens', async () => {
    const fate = fc.oneof(
      { weight: 4, arbitrary: fc.constant<Fate>(pass) },
      fc.constantFrom<Fate>(
        throttled,
        { kind: 'error', code: 'InternalServerError', status: 500 },
        { kind: 'cut' },
        { kind: 'lost-reply' },
        { kind: 'partly', items: 0 },
        { kind: 'partly', items: 3 },
        { kind: 'late', until: () => delay(60) },
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.infiniteStream(fate),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.boolean()), { minLength: 1, maxLength: 4 }),
        async (fates, posts) => {
          const at = await stage((asked) => (isPut(asked) ? (fates.next().value ?? pass) : pass), {
            deadlineMs: 200,
            takeBackAfterMs: oftenMs,
          });
          const written = new Set<string>();
          await Promise.all(
            posts.map(async ([count, isRepeated], post) => {
              const messages = messagesOf(count, post * 100);
              const times = isRepeated ? 2 : 1;
              for (let time = 0; time < times; time += 1) {
                const { failed } = await at.store.write('show', messages);
                for (const { id } of messages) if (!failed.includes(id)) written.add(id);
              }
            }),
          );
          // Nothing that was called written is gone meanwhile …
          const before = new Set((await all(at)).map(({ id }) => id));
          expect([...written].filter((id) => !before.has(id))).toEqual([]);
          // … and in the end there is that and nothing else.
          await at.proxy.idle();
          await vi.waitFor(
            async () => expect((await all(at)).map(({ id }) => id)).toEqual([...written].sort()),
            { timeout: 10_000, interval: 30 },
          );
          at.store.close();
        },
      ),
      { numRuns: 6, endOnFailure: true },
    );
  });
});

describe('removing', () => {
  it('goes on when DynamoDB throttles or leaves something over', async () => {
    const at = await stage(
      (asked, n) => {
        if (asked.operation !== 'BatchWriteItem' || isPut(asked)) return pass;
        return n % 3 === 0 ? throttled : n % 3 === 1 ? { kind: 'partly', items: 5 } : { kind: 'cut' };
      },
      { random: impatient },
    );
    // Each deletion does at least 5 every third call.
    const messages = messagesOf(60);
    await at.store.write('show', messages);
    await at.store.remove(
      'show',
      messages.slice(0, 30).map(({ id }) => id),
    );
    expect(await all(at)).toEqual(messages.slice(30));
    const { id } = messageOf(59);
    expect(await at.store.removeOf('show', 'person-1', id)).toHaveLength(10);
    expect(await all(at)).toHaveLength(20);
  });

  it('and reading are errors of the tables when they cannot be reached', async () => {
    const at = await stage(() => ({ kind: 'cut' }));
    await expect(at.store.read('show', {})).rejects.toThrow(TableError);
    await expect(at.store.remove('show', [messageOf(1).id])).rejects.toThrow(TableError);
    await expect(at.store.removeOf('show', 'person-1', messageOf(1).id)).rejects.toThrow(TableError);
  });
});

describe('reading the newest', () => {
  it('costs at most one page of so many in each bucket, and mostly far less', async () => {
    const at = await stage(() => pass);
    const messages = messagesOf(400);
    expect(await at.witness.write('show', messages)).toEqual({ failed: [] });
    expect(await at.store.read('show', { newest: 50 })).toEqual(messages.slice(-50));
    const limits = at.proxy.asked.map(({ body }) => Number(body['Limit']));
    expect(limits.length).toBeLessThan(20);
    expect(Math.max(...limits)).toBeLessThan(50);
  });
});

describe('a store that is closed', () => {
  it('answers those who wait, and asks no more', async () => {
    const at = await stage(() => throttled, { deadlineMs: 60_000 });
    const answer = at.store.write('show', [messageOf(1)]);
    await vi.waitFor(() => expect(at.proxy.asked.length).toBeGreaterThan(0));
    at.store.close();
    expect((await answer).failed).toEqual([messageOf(1).id]);
  });
});
