import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { messageId, type ChatMessage } from '../../../../../core/chat/message.ts';
import type { MessageStore } from '../../../../../core/chat/store.ts';

/** An empty store. Opened anew for every test. */
export interface MessageStoreSide {
  readonly store: MessageStore;
  /** The same data, seen by another program. */
  readonly other: MessageStore;
  close(): Promise<void>;
}

/** Stores forget messages after weeks: these are of now. */
export const today = Date.now();

export const messageOf = (n: number, changes: Partial<ChatMessage> = {}): ChatMessage => ({
  id: messageId(today * 1_000 + n),
  at: today + Math.floor(n / 1_000),
  text: `message ${n}`,
  by: { id: `person-${n % 3}`, name: 'Somebody', role: 'viewer' },
  ...changes,
});

export const messagesOf = (count: number, from = 0): readonly ChatMessage[] =>
  Array.from({ length: count }, (_, n) => messageOf(from + n));

const idsOf = (messages: readonly ChatMessage[]): readonly string[] => messages.map(({ id }) => id);

export function messageStoreContract(open: () => Promise<MessageStoreSide>): void {
  describe('a message store', () => {
    let side: MessageStoreSide;
    let store: MessageStore;
    beforeEach(async () => {
      side = await open();
      ({ store } = side);
    });
    afterEach(() => side.close());

    it('gives back what was written, in the order of the ids, to everybody', async () => {
      const messages = messagesOf(120);
      expect(await store.write('show', messages.toReversed())).toEqual({ failed: [] });
      expect(await store.read('show', {})).toEqual(messages);
      expect(await side.other.read('show', {})).toEqual(messages);
    });

    it('keeps broadcasts apart, whatever their names have in common', async () => {
      const names = ['show', 'show2', 'sho', 'show#1', 'show#11'];
      await Promise.all(names.map((name, n) => store.write(name, messagesOf(20, n * 100))));
      for (const [n, name] of names.entries())
        expect(await store.read(name, {})).toEqual(messagesOf(20, n * 100));
      expect(await store.read('another', {})).toEqual([]);
    });

    it('reads ranges with both ends in them, and the newest so many of them', async () => {
      const messages = messagesOf(100);
      await store.write('show', messages);
      const id = (n: number): string => messageOf(n).id;
      expect(await store.read('show', { from: id(10), to: id(12) })).toEqual(messages.slice(10, 13));
      expect(await store.read('show', { from: id(95) })).toEqual(messages.slice(95));
      expect(await store.read('show', { to: id(3) })).toEqual(messages.slice(0, 4));
      expect(await store.read('show', { from: id(7), to: id(7) })).toEqual([messageOf(7)]);
      expect(await store.read('show', { to: id(50), newest: 5 })).toEqual(messages.slice(46, 51));
      expect(await store.read('show', { from: id(98), newest: 50 })).toEqual(messages.slice(98));
      expect(await store.read('show', { from: id(12), to: id(10) })).toEqual([]);
      expect(await store.read('show', { newest: 0 })).toEqual([]);
    });

    it('reads any range as a list of all would be cut', async () => {
      const messages = messagesOf(150);
      await store.write('show', messages);
      // Ends that are messages, lie before or after all, or are nothing.
      const end = fc.option(
        fc.oneof(
          fc.integer({ min: -5, max: 155 }).map((n) => messageOf(n).id),
          fc.constantFrom('', '9999999999999999'),
        ),
        { nil: undefined },
      );
      await fc.assert(
        fc.asyncProperty(
          end,
          end,
          fc.option(fc.integer({ min: 0, max: 200 }), { nil: undefined }),
          async (from, to, newest) => {
            const between = messages.filter(({ id }) => id >= (from ?? '') && id <= (to ?? '~'));
            expect(
              await store.read('show', {
                ...(from === undefined ? {} : { from }),
                ...(to === undefined ? {} : { to }),
                ...(newest === undefined ? {} : { newest }),
              }),
            ).toEqual(newest === undefined ? between : between.slice(Math.max(0, between.length - newest)));
          },
        ),
        { numRuns: 30 },
      );
    });

    it('takes the same message any number of times, from anybody, as one', async () => {
      const messages = messagesOf(30);
      await Promise.all([
        store.write('show', messages),
        store.write('show', messages),
        side.other.write('show', messages),
        store.write('show', [...messages, ...messages]),
      ]);
      expect(await store.write('show', messages)).toEqual({ failed: [] });
      expect(await store.read('show', {})).toEqual(messages);
      expect(await store.read('show', { newest: 10 })).toEqual(messages.slice(20));
    });

    it('keeps the keys of messages beside them, for who asks, and never in them', async () => {
      const messages = messagesOf(40);
      const keys = new Map(messages.filter((_, n) => n % 2 === 0).map(({ id }, n) => [id, `hash-${n}`]));
      await store.write('show', messages.slice(0, 30), keys);
      await store.write('show', messages.slice(30), keys);
      await store.write('other-show', messages);
      expect(await side.other.readKeyed('show', {})).toEqual({ messages, keys });
      expect(await store.read('show', {})).toEqual(messages);
      expect(await store.readKeyed('other-show', {})).toEqual({ messages, keys: new Map() });
      const newest = await store.readKeyed('show', { to: messageOf(20).id, newest: 5 });
      expect(newest.messages).toEqual(messages.slice(16, 21));
      expect([...newest.keys]).toEqual(
        [...keys].filter(([id]) => newest.messages.some((each) => each.id === id)),
      );
    });

    it('knows the key of a message that was also written without it', async () => {
      const keys = new Map([[messageOf(0).id, 'hash']]);
      await store.write('show', [messageOf(0)]);
      await side.other.write('show', [messageOf(0)], keys);
      await store.write('show', [messageOf(0)]);
      expect(await store.readKeyed('show', {})).toEqual({ messages: [messageOf(0)], keys });
      await store.remove('show', [messageOf(0).id]);
      expect(await store.readKeyed('show', {})).toEqual({ messages: [], keys: new Map() });
    });

    it('keeps any text as it is; of half a character something is left', async () => {
      let n = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }), {
            minLength: 1,
            maxLength: 40,
          }),
          async (texts) => {
            const messages = texts.map((text) => messageOf((n += 1), { text }));
            expect(await store.write('show', messages)).toEqual({ failed: [] });
            expect(await store.read('show', { newest: texts.length })).toEqual(messages);
          },
        ),
        { numRuns: 8 },
      );
      const halves = ['\uD83D', 'a\uDE00b', '\uDE00\uD83D'].map((text) => messageOf((n += 1), { text }));
      expect(await store.write('show', [...halves, messageOf(n + 1)])).toEqual({ failed: [] });
      expect(idsOf(await store.read('show', { newest: 4 }))).toEqual([...idsOf(halves), messageOf(n + 1).id]);
    });

    it('never gives back what was removed, and minds no removal of what is not there', async () => {
      const messages = messagesOf(60);
      await store.write('show', messages);
      await side.other.write('show', messages);
      const gone = messages.filter((_, n) => n % 2 === 0);
      await store.remove('show', [...idsOf(gone), messageOf(999).id, 'nonsense', '']);
      await store.remove('show', idsOf(gone));
      const left = messages.filter((_, n) => n % 2 === 1);
      expect(await side.other.read('show', {})).toEqual(left);
      expect(await store.read('show', { newest: 7 })).toEqual(left.slice(-7));
      expect(await store.read('another', {})).toEqual([]);
    });

    it('removes what one person has said until then, says which, and nothing else', async () => {
      const messages = messagesOf(90);
      await store.write('show', messages);
      await store.write('other-show', messages);
      const until = messageOf(60).id;
      const gone = messages.filter(({ id, by }) => by.id === 'person-0' && id <= until);
      expect(gone.length).toBe(21);
      expect(await store.removeOf('show', 'person-0', until)).toEqual(idsOf(gone));
      expect(await store.read('show', {})).toEqual(messages.filter((message) => !gone.includes(message)));
      expect(await store.removeOf('show', 'person-0', until)).toEqual([]);
      expect(await store.removeOf('show', 'nobody', until)).toEqual([]);
      expect(await store.read('other-show', {})).toEqual(messages);
    });

    it('reads messages while others are written, in order and without doubles', async () => {
      const batches = Array.from({ length: 6 }, (_, n) => messagesOf(30, n * 30));
      const reads = await Promise.all(
        batches.map(async (batch) => {
          await store.write('show', batch);
          return store.read('show', {});
        }),
      );
      for (const read of reads) {
        const ids = idsOf(read);
        expect(ids.length).toBeGreaterThanOrEqual(30);
        expect(ids).toEqual([...new Set(ids)].sort());
      }
      expect(await store.read('show', {})).toEqual(batches.flat());
    });
  });
}
