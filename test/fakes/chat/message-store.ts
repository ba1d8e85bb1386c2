import type { ChatMessage, KeyedMessages, MessageKeys } from '../../../core/chat/message.ts';
import type { MessageStore } from '../../../core/chat/store.ts';

/** A message store in memory. Passes test/runtime/store/tables/contract/messages.ts. */
export class FakeMessageStore implements MessageStore {
  readonly #messages = new Map<string, Map<string, ChatMessage>>();
  readonly #keys = new Map<string, string>();

  write(
    broadcastId: string,
    messages: readonly ChatMessage[],
    keys: MessageKeys = new Map(),
  ): Promise<{ readonly failed: readonly [] }> {
    for (const [id, key] of keys) this.#keys.set(`${broadcastId} ${id}`, key);
    for (const message of messages)
      this.#of(broadcastId).set(message.id, { ...message, text: message.text.toWellFormed() });
    return Promise.resolve({ failed: [] });
  }

  read(
    broadcastId: string,
    range: { readonly from?: string; readonly to?: string; readonly newest?: number },
  ): Promise<readonly ChatMessage[]> {
    const { from = '', to = '~', newest = Infinity } = range;
    const found = [...this.#of(broadcastId).values()]
      .filter(({ id }) => id >= from && id <= to)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    return Promise.resolve(found.slice(Math.max(0, found.length - newest)));
  }

  async readKeyed(
    broadcastId: string,
    range: { readonly from?: string; readonly to?: string; readonly newest?: number },
  ): Promise<KeyedMessages> {
    const messages = await this.read(broadcastId, range);
    const keys = messages.flatMap(({ id }) => {
      const key = this.#keys.get(`${broadcastId} ${id}`);
      return key === undefined ? [] : [[id, key] as const];
    });
    return { messages, keys: new Map(keys) };
  }

  remove(broadcastId: string, ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#of(broadcastId).delete(id);
    return Promise.resolve();
  }

  async removeOf(broadcastId: string, personId: string, until: string): Promise<readonly string[]> {
    const theirs = (await this.read(broadcastId, { to: until })).filter(({ by }) => by.id === personId);
    const ids = theirs.map(({ id }) => id);
    await this.remove(broadcastId, ids);
    return ids;
  }

  #of(broadcastId: string): Map<string, ChatMessage> {
    const messages = this.#messages.get(broadcastId) ?? new Map<string, ChatMessage>();
    this.#messages.set(broadcastId, messages);
    return messages;
  }
}
