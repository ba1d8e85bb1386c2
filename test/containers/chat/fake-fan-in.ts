import type { FanIn, Listener, Place, TaskOrder } from '../../../core/chat/bus.ts';
import { BusError } from '../../../core/chat/bus.ts';
import type { ChatAuthor, ChatMessage } from '../../../core/chat/message.ts';
import { messageId } from '../../../core/chat/message.ts';
import { defaultSettings, type ChatSettings } from '../../../core/chat/mode.ts';
import { keptLength, type Control, type LinkState } from '../../../core/chat/protocol.ts';

export const somebody: ChatAuthor = { id: 'a'.repeat(20), name: 'Somebody', role: 'viewer' };

/** A shard's Redis in memory, for tasks that share it: says what a test tells it to. */
export class FakeShard {
  readonly kept = new Map<string, ChatMessage[]>();
  readonly tasks = new Set<FakeFanIn>();
  settings: ChatSettings = defaultSettings;
  subscriptions: string[] = [];
  /** Ids of everything that was said, in order. */
  readonly said: string[] = [];
  /** Not whole: more was said than is kept. */
  forgot = false;
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
      this.#us = Math.max(this.#us + 1, Date.now() * 1_000);
      return { id: messageId(this.#us), at: Math.floor(this.#us / 1_000), text, by };
    });
    this.said.push(...messages.map(({ id }) => id));
    const kept = this.kept.get(broadcastId) ?? [];
    kept.push(...messages);
    this.kept.set(broadcastId, kept.slice(-keptLength));
    for (const task of this.tasks) task.listeners.get(broadcastId)?.messages(messages);
    return messages;
  }

  tell(broadcastId: string, control: Control, personId?: string): void {
    for (const task of this.tasks) task.listeners.get(broadcastId)?.control(control, personId);
  }

  order(order: TaskOrder): void {
    for (const task of this.tasks) task.orders(order);
  }
}

export class FakeFanIn implements FanIn {
  readonly listeners = new Map<string, Listener>();
  readonly lagMs = 1;
  readonly present_: ReadonlyMap<string, number>[] = [];
  link: LinkState = 'live';
  orders: (order: TaskOrder) => void = () => {};
  /** What others have of each broadcast. */
  elsewhere = 0;
  readonly #shard: FakeShard;
  #heard: (link: LinkState) => void = () => {};

  constructor(shard: FakeShard) {
    this.#shard = shard;
  }

  async subscribe({ broadcastId }: Place, listener: Listener) {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.link !== 'live') throw new BusError('away');
    this.#shard.subscriptions.push(broadcastId);
    this.listeners.set(broadcastId, listener);
    const kept = [...(this.#shard.kept.get(broadcastId) ?? [])];
    return { kept, whole: !this.#shard.forgot, settings: this.#shard.settings };
  }

  async unsubscribe(broadcastId: string): Promise<void> {
    this.listeners.delete(broadcastId);
  }

  onLink(heard: (link: LinkState) => void): void {
    this.#heard = heard;
  }

  setLink(link: LinkState): void {
    this.link = link;
    this.#heard(link);
  }

  onOrder(heard: (order: TaskOrder) => void): void {
    this.orders = heard;
  }

  async present(counts: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, number>> {
    this.present_.push(counts);
    return new Map([...counts].map(([id, count]) => [id, count + this.elsewhere]));
  }

  async holdLease(): Promise<boolean> {
    return true;
  }

  async close(): Promise<void> {}
}
