import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ChatMessage } from '../../../../core/chat/message.ts';
import type { TableNames } from '../../../../core/tables.ts';
import { TableError } from '../../../../runtime/store/tables/client.ts';
import type { Messages } from '../../../../runtime/store/tables/messages.ts';
import { startChatTables, type ChatTables, type MessageOptions } from './chat-harness.ts';
import { messageOf, messagesOf } from './contract/messages.ts';
import { startFaultProxy, throttled, type Asked, type Fate, type FaultProxy } from './fault-proxy.ts';

let tables: ChatTables;
beforeAll(async () => {
  tables = await startChatTables();
});
afterAll(() => tables.stop());

/** Short pauses. */
const impatient = (): number => Math.random() / 5;

const pass: Fate = { kind: 'pass' };
const isPut = ({ body }: Asked): boolean => JSON.stringify(body['RequestItems'] ?? {}).includes('PutRequest');
const sizeOf = ({ body }: Asked): number => Object.values(body['RequestItems'] ?? {}).flat().length;

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

describe('writing', () => {
  it('collects posts of many broadcasts that come together into batches of 25', async () => {
    const at = await stage(() => pass, { lingerMs: 20 });
    await Promise.all(
      Array.from({ length: 60 }, (_, n) => at.store.write(n % 2 === 0 ? 'show' : 'other', [messageOf(n)])),
    );
    const sizes = at.proxy.asked.filter(isPut).map(sizeOf);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(60);
    expect(Math.max(...sizes)).toBe(25);
    expect(sizes).toHaveLength(3);
    expect(await all(at)).toHaveLength(30);
  });

  it('has a bounded number of batches under way', async () => {
    let underWay = 0;
    let most = 0;
    const at = await stage(() => pass);
    const names = await tables.empty();
    const store = tables.messages(names, {
      writes: {
        send: async () => {
          underWay += 1;
          most = Math.max(most, underWay);
          await new Promise(setImmediate);
          underWay -= 1;
          return {};
        },
      } as never,
    });
    expect(await store.write('show', messagesOf(2_000))).toEqual({ failed: [] });
    expect(most).toBeLessThanOrEqual(16);
    expect(at.proxy.asked).toEqual([]);
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
    const at = await stage((asked, n) => (isPut(asked) && n % 2 === 0 ? fate : pass), { deadlineMs: 5_000 });
    const messages = messagesOf(200);
    expect(await at.store.write('show', messages)).toEqual({ failed: [] });
    expect(await all(at)).toEqual(messages);
    expect(at.proxy.asked.length).toBeGreaterThan(8);
  });

  it('asks again on another connection when one does not answer', async () => {
    const at = await stage((_, n) => (n === 0 ? { kind: 'silent' } : pass));
    expect(await at.store.write('show', [messageOf(1)])).toEqual({ failed: [] });
    expect(at.proxy.asked.filter(isPut)).toHaveLength(2);
    expect(await all(at)).toEqual([messageOf(1)]);
  });

  it('says what DynamoDB would not take within the deadline, and takes nothing away that it never did', async () => {
    const at = await stage(() => throttled, { deadlineMs: 200 });
    const messages = messagesOf(30);
    const begun = performance.now();
    expect(await at.store.write('show', messages)).toEqual({ failed: messages.map(({ id }) => id) });
    expect(performance.now() - begun).toBeLessThan(600);
    expect(at.proxy.asked.every(isPut)).toBe(true);
    expect(await all(at)).toEqual([]);
  });

  it('says which part was written', async () => {
    const taken = new Set(messagesOf(40).filter((_, n) => n % 4 === 0));
    const isTaken = (asked: Asked): boolean =>
      [...taken].some(({ id }) => JSON.stringify(asked.body).includes(id));
    // Each alone: a linger of 0 and one call after the other.
    const at = await stage((asked) => (isTaken(asked) ? pass : throttled), { deadlineMs: 150, lingerMs: 0 });
    const answers = await Promise.all(
      messagesOf(40).map(async (message, n) => {
        await new Promise((resolve) => setTimeout(resolve, n * 3));
        return at.store.write('show', [message]);
      }),
    );
    const failed = new Set(answers.flatMap((answer) => answer.failed));
    expect((await all(at)).map(({ id }) => id)).toEqual(
      messagesOf(40).flatMap(({ id }) => (failed.has(id) ? [] : [id])),
    );
    expect(failed.size).toBeGreaterThan(0);
  });

  it('while DynamoDB is silent answers in time, and everything is well afterwards', async () => {
    const at = await stage(() => ({ kind: 'silent' }), { deadlineMs: 200 });
    const begun = performance.now();
    const messages = messagesOf(500);
    expect((await at.store.write('show', messages)).failed).toHaveLength(500);
    // The deadline, and the patience for taking back.
    expect(performance.now() - begun).toBeLessThan(1_200);
    at.proxy.heal();
    await vi.waitFor(
      async () => expect(await at.store.write('show', messages)).toEqual({ failed: [] }),
      10_000,
    );
    expect(await all(at)).toEqual(messages);
  });
});

describe('what was refused after a lost answer', () => {
  it('is gone by the time of the refusal, when DynamoDB can be reached', async () => {
    const at = await stage((asked) => (isPut(asked) ? { kind: 'lost-reply' } : pass), { deadlineMs: 100 });
    const messages = messagesOf(10);
    expect((await at.store.write('show', messages)).failed).toHaveLength(10);
    expect(await all(at)).toEqual([]);
  });

  it('is taken away as soon as DynamoDB can be reached again', async () => {
    let isAway = true;
    const at = await stage(
      (asked) => {
        if (isPut(asked)) return { kind: 'lost-reply' };
        return isAway ? { kind: 'cut' } : pass;
      },
      { deadlineMs: 100 },
    );
    await at.store.write('show', [messageOf(1)]);
    expect(await all(at)).toEqual([messageOf(1)]);
    isAway = false;
    await vi.waitFor(async () => expect(await all(at)).toEqual([]), 5_000);
  });

  it('is taken away again when DynamoDB does it late', async () => {
    const at = await stage((asked) => (isPut(asked) ? { kind: 'late', ms: 350 } : pass), {
      deadlineMs: 60,
      takeBackAfterMs: [700],
    });
    await at.store.write('show', [messageOf(1)]);
    await vi.waitFor(async () => expect(await all(at)).toEqual([messageOf(1)]), 2_000);
    await vi.waitFor(async () => expect(await all(at)).toEqual([]), 5_000);
  });

  it('never takes along what another task has written of the same post', async () => {
    const at = await stage((asked) => (isPut(asked) ? { kind: 'lost-reply' } : pass), {
      deadlineMs: 100,
      takeBackAfterMs: [50],
    });
    // Before, meanwhile and after.
    expect(await at.witness.write('show', [messageOf(1)])).toEqual({ failed: [] });
    const refused = at.store.write('show', [messageOf(1), messageOf(2)]);
    expect(await at.witness.write('show', [messageOf(2)])).toEqual({ failed: [] });
    expect((await refused).failed).toHaveLength(2);
    await vi.waitFor(() => expect(at.proxy.asked.filter((asked) => !isPut(asked)).length).toBeGreaterThan(1));
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
        { kind: 'late', ms: 60 },
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.infiniteStream(fate),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.boolean()), { minLength: 1, maxLength: 8 }),
        async (fates, posts) => {
          const at = await stage((asked) => (isPut(asked) ? (fates.next().value ?? pass) : pass), {
            deadlineMs: 90,
            takeBackAfterMs: [150],
          });
          const written = new Set<string>();
          const refused = new Set<string>();
          await Promise.all(
            posts.map(async ([count, isRepeated], post) => {
              const messages = messagesOf(count, post * 100);
              const times = isRepeated ? 2 : 1;
              for (let time = 0; time < times; time += 1) {
                const { failed } = await at.store.write('show', messages);
                for (const { id } of messages) (failed.includes(id) ? refused : written).add(id);
              }
            }),
          );
          // Nothing that was called written is gone meanwhile …
          const before = new Set((await all(at)).map(({ id }) => id));
          expect([...written].filter((id) => !before.has(id))).toEqual([]);
          // … and in the end there is that and nothing else.
          await vi.waitFor(
            async () => expect((await all(at)).map(({ id }) => id)).toEqual([...written].sort()),
            { timeout: 3_000, interval: 30 },
          );
          await at.proxy.idle();
        },
      ),
      { numRuns: 8, endOnFailure: true },
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
    const messages = messagesOf(1_000);
    await at.witness.write('show', messages);
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
