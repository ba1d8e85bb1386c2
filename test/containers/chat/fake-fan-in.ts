import type { FanIn, Listener, Place, Removal, TaskOrder } from '../../../core/chat/bus.ts';
import { BusError } from '../../../core/chat/bus.ts';
import type { ChatAuthor, ChatMessage } from '../../../core/chat/message.ts';
import { idTimeMs, messageId } from '../../../core/chat/message.ts';
import { defaultSettings, type ChatSettings } from '../../../core/chat/mode.ts';
import { keptLength, type Control, type LinkState } from '../../../core/chat/protocol.ts';

export const somebody: ChatAuthor = { id: 'a'.repeat(20), name: 'Somebody', role: 'viewer' };

/**
 * A shard's Redis in memory, for tasks that share it: says what a test tells it to. To tasks it is what the real
 * one is (test/runtime/bus/contract/fan-in.ts).
 */
export class FakeShard {
  readonly kept = new Map<string, ChatMessage[]>();
  readonly tasks = new Set<FakeFanIn>();
  settings: ChatSettings = defaultSettings;
  subscriptions: string[] = [];
  /** Ids of everything that was said, in order. */
  readonly said: string[] = [];
  /** Viewers by broadcast and task. */
  readonly viewers = new Map<string, Map<FakeFanIn, number>>();
  readonly leases = new Map<string, { readonly holder: FakeFanIn; readonly until: number }>();
  readonly removals = new Map<string, Removal[]>();
  /** Broadcasts of which more was said than is kept. */
  readonly cutShort = new Set<string>();
  #us = Date.now() * 1_000;

  fanIn(): FakeFanIn {
    const made = new FakeFanIn(this);
    this.tasks.add(made);
    return made;
  }

  say(broadcastId: string, text: string, by: ChatAuthor = somebody): ChatMessage {
    return this.sayAll(broadcastId, [text], by)[0] as ChatMessage;
  }

  sayAll(broadcastId: string, texts: readonly string[], by: ChatAuthor = somebody): readonly ChatMessage[] {
    const messages = texts.map((text) => {
      const id = this.#nextId();
      return { id, at: idTimeMs(id), text, by };
    });
    this.said.push(...messages.map(({ id }) => id));
    const kept = [...(this.kept.get(broadcastId) ?? []), ...messages];
    if (kept.length > keptLength) this.cutShort.add(broadcastId);
    this.kept.set(broadcastId, kept.slice(-keptLength));
    for (const task of this.tasks) task.hearMessages(broadcastId, messages);
    return messages;
  }

  tell(broadcastId: string, control: Control, personId?: string): void {
    if (control.type === 'delete' || control.type === 'purge')
      this.removals.set(broadcastId, [
        ...(this.removals.get(broadcastId) ?? []),
        { at: this.#nextId(), control },
      ]);
    for (const task of this.tasks) task.hear(broadcastId, (listener) => listener.control(control, personId));
  }

  /** @returns how many tasks heard it */
  order(order: TaskOrder): number {
    const hearing = [...this.tasks].filter(({ link }) => link === 'live');
    for (const task of hearing) task.orders(order);
    return hearing.length;
  }

  #nextId(): string {
    this.#us = Math.max(this.#us + 1, Date.now() * 1_000);
    return messageId(this.#us);
  }
}

export class FakeFanIn implements FanIn {
  readonly listeners = new Map<string, Listener>();
  readonly lagMs = 1;
  readonly present_: ReadonlyMap<string, number>[] = [];
  link: LinkState = 'live';
  orders: (order: TaskOrder) => void = () => {};
  /** What others have of each broadcast, beside the tasks that there are. */
  elsewhere = 0;
  readonly #shard: FakeShard;
  readonly #linkHeard: ((link: LinkState) => void)[] = [];
  /** Said while Redis was away. */
  readonly #missedMessages = new Map<string, readonly ChatMessage[]>();
  readonly #missed: (() => void)[] = [];

  constructor(shard: FakeShard) {
    this.#shard = shard;
  }

  async subscribe({ broadcastId }: Place, listener: Listener) {
    if (this.listeners.has(broadcastId)) throw new Error(`${broadcastId} is subscribed to already`);
    await new Promise((resolve) => setImmediate(resolve));
    this.#needRedis();
    this.#shard.subscriptions.push(broadcastId);
    this.listeners.set(broadcastId, listener);
    const kept = [...(this.#shard.kept.get(broadcastId) ?? [])];
    return {
      kept,
      whole: !this.#shard.cutShort.has(broadcastId),
      settings: this.#shard.settings,
      removals: [...(this.#shard.removals.get(broadcastId) ?? [])],
    };
  }

  async unsubscribe(broadcastId: string): Promise<void> {
    this.listeners.delete(broadcastId);
    this.#missedMessages.delete(broadcastId);
  }

  hearMessages(broadcastId: string, messages: readonly ChatMessage[]): void {
    const listener = this.listeners.get(broadcastId);
    if (listener === undefined) return;
    if (this.link === 'live') listener.messages(messages);
    else
      this.#missedMessages.set(broadcastId, [...(this.#missedMessages.get(broadcastId) ?? []), ...messages]);
  }

  hear(broadcastId: string, say: (listener: Listener) => void): void {
    const listener = this.listeners.get(broadcastId);
    if (listener === undefined) return;
    if (this.link === 'live') say(listener);
    else this.#missed.push(() => this.listeners.get(broadcastId) === listener && say(listener));
  }

  onLink(heard: (link: LinkState) => void): void {
    this.#linkHeard.push(heard);
  }

  setLink(link: LinkState): void {
    this.link = link;
    for (const heard of this.#linkHeard) heard(link);
    if (link !== 'live') return;
    for (const [broadcastId, missed] of this.#missedMessages) {
      const isKept = missed.length <= keptLength;
      this.listeners
        .get(broadcastId)
        ?.messages(missed.slice(-keptLength), ...(isKept ? [] : ['after-hole' as const]));
    }
    this.#missedMessages.clear();
    for (const say of this.#missed.splice(0)) say();
  }

  onOrder(heard: (order: TaskOrder) => void): void {
    this.orders = heard;
  }

  async present(counts: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, number>> {
    this.#needRedis();
    this.present_.push(counts);
    return new Map(
      [...counts].map(([broadcastId, count]) => {
        const tasks = this.#shard.viewers.get(broadcastId) ?? new Map<FakeFanIn, number>();
        this.#shard.viewers.set(broadcastId, tasks.set(this, count));
        return [broadcastId, [...tasks.values()].reduce((sum, each) => sum + each, this.elsewhere)];
      }),
    );
  }

  async holdLease(name: string, ttlMs: number): Promise<boolean> {
    this.#needRedis();
    const lease = this.#shard.leases.get(name);
    if (lease !== undefined && lease.holder !== this && lease.until > Date.now()) return false;
    this.#shard.leases.set(name, { holder: this, until: Date.now() + ttlMs });
    return true;
  }

  async close(): Promise<void> {
    this.listeners.clear();
  }

  #needRedis(): void {
    if (this.link !== 'live') throw new BusError('away');
  }
}
