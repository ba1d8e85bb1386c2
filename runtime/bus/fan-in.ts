import { BusError, type FanIn, type TaskOrder } from '../../core/chat/bus.ts';
import type { KeyedMessages } from '../../core/chat/message.ts';
import type { ChatSettings } from '../../core/chat/mode.ts';
import { keptLength } from '../../core/chat/protocol.ts';
import { broadcastChannel, broadcastOf, leaseKey, ordersChannel, placeKey } from './keys.ts';
import { answerWithinMs, Link, type BusAddress, type Connection } from './link.ts';
import { listOf, numberOf, textOf, textsOf } from './reply.ts';
import { Room, type RoomSource, type Snapshot } from './room.ts';
import { snapshot, settleFromStore } from './scripts/order.ts';
import { sharded } from './scripts/place.ts';
import { holdLease, present } from './scripts/presence.ts';
import { defineScript, run } from './scripts/script.ts';
import { heardOf, keptArgs, messageOf, settingsArgs } from './wire.ts';

/** What Redis may have lost. */
export interface FanInStore {
  /** The newest so many, oldest first. */
  readonly readNewest: (broadcastId: string, count: number) => Promise<KeyedMessages>;
  readonly readSettings: (channelId: string) => Promise<ChatSettings>;
}

export interface FanInOptions extends BusAddress, FanInStore {
  /** Of this start of the task: presence and leases go by it. */
  readonly taskId: string;
  /** The store failed while Redis was told what it had lost; it is tried again. */
  readonly onTrouble?: (error: unknown) => void;
}

/** Holes that are filled at once: each may bring 500 messages. */
const atOnce = 8;
/** The store is asked again so much later. */
const againMs = { first: 250, most: 5_000 };
/** Channels in one SUBSCRIBE. */
const subscribeAtOnce = 200;

const shardedScript = defineScript(sharded);

/**
 * The chat task's side of a shard's Redis. Commands and publications share one connection (RESP3): a reply tells
 * exactly what was published before it.
 */
export function openFanIn(options: FanInOptions): FanIn {
  return new RedisFanIn(options);
}

interface Entry {
  readonly room: Room;
  readonly channelId: string;
  /** Its `subscribe` has been answered. */
  begun: boolean;
  catching: boolean;
  againInMs: number;
}

class RedisFanIn implements FanIn {
  readonly #options: FanInOptions;
  readonly #link: Link;
  readonly #entries = new Map<string, Entry>();
  /** Of each broadcast the last `subscribe` or `unsubscribe`: one waits for the other. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #linkHeard: ((link: 'live' | 'reconnecting') => void)[] = [];
  readonly #orderHeard: ((order: TaskOrder) => void)[] = [];
  readonly #waiting: (() => Promise<void>)[] = [];
  #working = 0;
  #live: { readonly connection: Connection; readonly sharded: boolean } | undefined;
  #whenLive: (() => void)[] = [];
  #closed = false;

  constructor(options: FanInOptions) {
    this.#options = options;
    this.#link = new Link({
      address: options,
      onUp: (connection) => {
        this.#resubscribe(connection).catch((error: unknown) => this.#link.drop(connection, error));
      },
      onDown: () => this.#lose(),
    });
  }

  get link(): 'live' | 'reconnecting' {
    return this.#live === undefined ? 'reconnecting' : 'live';
  }

  get lagMs(): number {
    return this.#link.lagMs;
  }

  onLink(heard: (link: 'live' | 'reconnecting') => void): void {
    this.#linkHeard.push(heard);
  }

  onOrder(heard: (order: TaskOrder) => void): void {
    this.#orderHeard.push(heard);
  }

  subscribe: FanIn['subscribe'] = ({ broadcastId, channelId }, listener) =>
    this.#inTurn(broadcastId, async () => {
      if (this.#entries.has(broadcastId)) throw new Error(`${broadcastId} is subscribed to already`);
      await this.#untilLive();
      const room = new Room(this.#source(broadcastId, channelId), listener);
      const entry: Entry = { room, channelId, begun: false, catching: false, againInMs: againMs.first };
      this.#entries.set(broadcastId, entry);
      try {
        await this.#link.use((connection) => this.#subscribeTo(connection, [broadcastChannel(broadcastId)]));
        const begun = await room.begin();
        entry.begun = true;
        this.#catchUpSoon(broadcastId, entry);
        return begun;
      } catch (error) {
        this.#entries.delete(broadcastId);
        await this.#unsubscribeFrom(broadcastId).catch(() => {});
        throw error;
      }
    });

  unsubscribe(broadcastId: string): Promise<void> {
    return this.#inTurn(broadcastId, async () => {
      this.#entries.delete(broadcastId);
      // Without a connection there is no subscription either; the next one does not get it.
      await this.#unsubscribeFrom(broadcastId).catch(() => {});
    });
  }

  async present(counts: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, number>> {
    const { taskId } = this.#options;
    const all = [...counts];
    const sums = await Promise.all(
      all.map(([broadcastId, count]) =>
        run(this.#link, present, placeKey(broadcastId), [taskId, String(Math.max(0, Math.floor(count)))]),
      ),
    );
    return new Map(all.map(([broadcastId], at) => [broadcastId, numberOf(sums[at])]));
  }

  async holdLease(name: string, ttlMs: number): Promise<boolean> {
    return (
      (await run(this.#link, holdLease, leaseKey(name), [this.#options.taskId, String(Math.ceil(ttlMs))])) ===
      1
    );
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#entries.clear();
    this.#waiting.length = 0;
    this.#live = undefined;
    this.#link.close();
    return Promise.resolve();
  }

  /** A new connection has no subscriptions; what came meanwhile is asked for afterwards. */
  async #resubscribe(connection: Connection): Promise<void> {
    const isSharded = (await run(this.#link, shardedScript, 'chat:sharded')) === 1;
    const live = { connection, sharded: isSharded };
    const channels = [ordersChannel, ...[...this.#entries.keys()].map(broadcastChannel)];
    for (let at = 0; at < channels.length; at += subscribeAtOnce)
      await this.#link.use(() =>
        this.#subscribeTo(connection, channels.slice(at, at + subscribeAtOnce), isSharded),
      );
    if (this.#closed) return;
    this.#live = live;
    for (const go of this.#whenLive.splice(0)) go();
    for (const heard of this.#linkHeard) heard('live');
    for (const [broadcastId, entry] of this.#entries) this.#catchUpSoon(broadcastId, entry);
    // Left meanwhile: `unsubscribe` had no connection to say it on.
    for (const broadcastId of channels.slice(1).map(broadcastOf))
      if (!this.#entries.has(broadcastId)) void this.unsubscribe(broadcastId);
  }

  #lose(): void {
    for (const { room } of this.#entries.values()) room.loseStep();
    if (this.#live === undefined) return;
    this.#live = undefined;
    for (const heard of this.#linkHeard) heard('reconnecting');
  }

  /** @throws BusError when it takes longer than a command may */
  #untilLive(): Promise<void> {
    if (this.#live !== undefined) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const go = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#whenLive = this.#whenLive.filter((other) => other !== go);
        reject(new BusError('no connection to Redis'));
      }, answerWithinMs);
      this.#whenLive.push(go);
    });
  }

  readonly #heard = (text: string, channel: string): void => {
    if (channel === ordersChannel) {
      const order = orderOf(text);
      if (order !== undefined) for (const heard of this.#orderHeard) heard(order);
      return;
    }
    const broadcastId = broadcastOf(channel);
    const entry = this.#entries.get(broadcastId);
    if (entry === undefined) return;
    const heard = heardOf(text);
    // What can't be read may have been a message.
    if (heard === undefined) entry.room.loseStep();
    if (heard === undefined || !entry.room.hear(heard)) this.#catchUpSoon(broadcastId, entry);
  };

  #subscribeTo(
    connection: Connection,
    channels: readonly string[],
    isSharded = this.#live?.sharded ?? false,
  ): Promise<unknown> {
    return isSharded
      ? connection.sSubscribe([...channels], this.#heard)
      : connection.subscribe([...channels], this.#heard);
  }

  #unsubscribeFrom(broadcastId: string): Promise<unknown> {
    const live = this.#live;
    if (live === undefined) return Promise.resolve();
    const channel = broadcastChannel(broadcastId);
    return this.#link.use(() =>
      live.sharded
        ? live.connection.sUnsubscribe(channel, this.#heard)
        : live.connection.unsubscribe(channel, this.#heard),
    );
  }

  #inTurn<T>(broadcastId: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(broadcastId) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.#turns.set(broadcastId, turn);
    const leave = (): void => {
      if (this.#turns.get(broadcastId) === turn) this.#turns.delete(broadcastId);
    };
    turn.then(leave, leave);
    return turn;
  }

  #source(broadcastId: string, channelId: string): RoomSource {
    const { readNewest, readSettings } = this.#options;
    const key = placeKey(broadcastId);
    const ask = async (after: string, stamp: string): Promise<Snapshot> => {
      const reply = await run(this.#link, snapshot, key, [after, stamp]);
      if (typeof reply !== 'string') return snapshotOf(listOf(reply));
      const [{ messages, keys }, settings] = await Promise.all([
        readNewest(broadcastId, keptLength),
        readSettings(channelId),
      ]);
      await run(this.#link, settleFromStore, key, [
        reply,
        ...settingsArgs(settings),
        ...keptArgs(messages, keys),
      ]);
      return ask(after, stamp);
    };
    return { snapshot: ask };
  }

  /** Puts a room that is out of step in line; nothing to do for one that is in it, or in line already. */
  #catchUpSoon(broadcastId: string, entry: Entry): void {
    if (entry.room.inStep || entry.catching || !entry.begun || this.#live === undefined) return;
    entry.catching = true;
    this.#waiting.push(() => this.#catchUp(broadcastId, entry));
    this.#work();
  }

  #work(): void {
    while (this.#working < atOnce) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#working += 1;
      void next().finally(() => {
        this.#working -= 1;
        this.#work();
      });
    }
  }

  async #catchUp(broadcastId: string, entry: Entry): Promise<void> {
    const { connection } = this.#live ?? {};
    const isOurs = (): boolean => !this.#closed && this.#entries.get(broadcastId) === entry;
    try {
      if (connection !== undefined && isOurs()) await entry.room.catchUp();
      entry.againInMs = againMs.first;
      // It was heard over a connection that has gone since.
      if (connection !== this.#live?.connection) entry.room.loseStep();
    } catch (error) {
      if (!isOurs()) return;
      if (!(error instanceof BusError)) this.#options.onTrouble?.(error);
      const delayMs = entry.againInMs;
      entry.againInMs = Math.min(againMs.most, delayMs * 2);
      setTimeout(() => this.#catchUpSoon(broadcastId, entry), delayMs).unref();
    } finally {
      entry.catching = false;
      if (isOurs() && connection !== this.#live?.connection) this.#catchUpSoon(broadcastId, entry);
    }
  }
}

function snapshotOf(reply: readonly unknown[]): Snapshot {
  const [published = '', from = '', stamp = '', settingsText = '', platformOff = ''] = reply
    .slice(0, 5)
    .map(textOf);
  // Written by settingsArgs.
  const settings = JSON.parse(settingsText) as ChatSettings;
  return {
    published,
    from,
    stamp,
    // To viewers it is one thing who has closed the chat.
    settings: platformOff === '1' ? { ...settings, off: true } : settings,
    kept: textsOf(reply[5]).map(messageOf),
    controls: textsOf(reply[6]).flatMap((text) => heardOf(text) ?? []),
  };
}

function orderOf(text: string): TaskOrder | undefined {
  try {
    // Written by PostBus.order.
    return JSON.parse(text) as TaskOrder;
  } catch {
    return undefined;
  }
}
