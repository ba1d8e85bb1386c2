/**
 * The shard's Redis, as ports. runtime/bus implements them; a fake of them passes the same contract test.
 *
 * One post, seen by Redis:  admit → (the API stores it) → publish,  or  admit → withdraw.
 *
 * `admit` gives the id. `publish` lets messages out strictly in the order of their ids, although stores answer
 * in any order: a message waits for the ones admitted before it, at most `heldBackMs`; after that they are given
 * up, and when one of them is published after all it is `late` and has to be admitted anew. So the order is the
 * same on every screen, in the history, in the store and in the replay.
 *
 * A retry never posts twice. An idempotency key is remembered for `idempotencyS`, by Redis and with the message in
 * the store. A Redis that comes back empty, or is given the broadcast of another shard, is told the keys again with
 * what it keeps (`warm`). Then it knows those of the newest `keptLength` messages, and of up to `keyedLength` of the
 * `keyedWithinMs` before the newest one; not those of older ones, which only a retry after so long could miss.
 *
 * Redis decides what a key has made. Once it has said so to a retry (`posted`) that message stays: whoever stored
 * it and could not publish it has to ask (`takeBack`) before it counts as refused.
 */
import type { ChatLimits } from './limits.ts';
import type { ChatMessage, ChatRole, MessageKeys } from './message.ts';
import type { Ban, ChatSettings, PlatformChat } from './mode.ts';
import type { Control } from './protocol.ts';

/** The bus can't be reached or did not answer in time: what was asked may or may not have happened. */
export class BusError extends Error {
  override readonly name = 'BusError';
}

/** How long a message waits for those admitted before it: far longer than a store's slow answer, short to eyes. */
export const heldBackMs = 1_000;

/**
 * A message that is published later than this after its admission is `late` in any case. So whoever has tried for
 * so long can refuse it: a Redis that was frozen does what it was asked before as soon as it goes on.
 */
export const publishWithinMs = 2_000;

/** A client that has no answer tries again within seconds, or after the tunnel; not after its people forgot. */
export const idempotencyS = 600;

/** Of a channel that says 200 a second the newest 500 are 2.5 s: an answer may have been under way for longer. */
export const keyedWithinMs = 60_000;
/** 1.5 MB in the table, 100 ms of the API task that reads them, 20 ms of Redis. */
export const keyedLength = 5_000;

export interface Place {
  readonly broadcastId: string;
  readonly channelId: string;
}

/** How a person stands here before anything is weighed. */
export type Standing =
  /** Redis knows nothing of this broadcast (first post, or it came back empty): `warm` it, then ask again. */
  | { readonly kind: 'cold' }
  /** It was handed over a moment ago: look again where it is. */
  | { readonly kind: 'moved' }
  | {
      readonly kind: 'known';
      readonly settings: ChatSettings;
      readonly platform: PlatformChat;
      /** Of this channel or of the platform, whichever lasts longer; over ones are left out. */
      readonly ban?: { readonly until?: number };
      /** Until this person may post again in slow mode. */
      readonly slowForMs: number;
      /** Id of the message that this idempotency key has already made. */
      readonly posted?: string;
    };

export interface PostWish extends Place {
  readonly personId: string;
  readonly role: ChatRole;
  /** From the client; unique for what they mean as one post. Kept for `idempotencyS`. */
  readonly idempotencyKey?: string;
}

export type LimitReason = 'person-limit' | 'channel-limit' | 'platform-limit';

export type Admission =
  | { readonly kind: 'cold' }
  | { readonly kind: 'moved' }
  /** `again`: by the same idempotency key before, and not yet published: store and publish it with this id. */
  | { readonly kind: 'admitted'; readonly id: string; readonly again: boolean }
  | { readonly kind: 'posted'; readonly id: string }
  | {
      readonly kind: 'refused';
      readonly reason: LimitReason | 'banned' | 'timeout' | 'slow-mode' | 'chat-off';
      readonly retryAfterMs?: number;
    };

/** What a broadcast's Redis has to know before the first post; from the store. */
export interface WarmState extends Place {
  readonly settings: ChatSettings;
  readonly platform: PlatformChat;
  readonly bans: readonly Ban[];
  readonly platformBans: readonly Ban[];
  /** Newest messages of the store, oldest first, at most `keptLength`: history, and the floor of new ids. */
  readonly kept: readonly ChatMessage[];
  /** Of these, and of older ones. */
  readonly keys?: MessageKeys;
  /** As `epoch` answered before the store was asked; absent: nothing has happened since. */
  readonly epoch?: string;
}

/**
 * `again`: who was admitted `again`, so it stays also when somebody has published it. `storer`: who never tried to
 * publish it, so nobody has to be told unless it was read from the store.
 */
export type TakenBackBy = 'publisher' | 'again' | 'storer';

/** The API's side of one shard. Every method throws BusError when Redis does not answer. */
export interface PostBus {
  standing(who: Place & { readonly personId: string; readonly idempotencyKey?: string }): Promise<Standing>;
  /** Ban, slow mode, idempotency key and all buckets in one atomic script; takes tokens only when it admits. */
  admit(wish: PostWish): Promise<Admission>;
  /**
   * After it is stored. The same twice is `published` twice. `late`: given up meanwhile; take it back and admit it
   * anew. `cold`: `warm` it, then ask again: what was stored before it was warmed counts as published.
   */
  publish(broadcastId: string, message: ChatMessage): Promise<'published' | 'late' | 'cold'>;
  /** It could not be stored: gives id, idempotency key and tokens back. */
  withdraw(wish: PostWish, id: string): Promise<void>;
  /**
   * It is not to be posted although it may have gone out, or was read from the store: takes it away from everybody,
   * and its idempotency key is free. `answered`: a retry was told that it is posted; then it stays, also in the store.
   */
  takeBack(wish: PostWish, id: string, by?: TakenBackBy): Promise<'gone' | 'answered' | 'cold'>;
  /** Another one whenever Redis has lost what it knew of a broadcast, or was told to forget it. */
  epoch(broadcastId: string): Promise<string>;
  /** `stale`: Redis has lost its memory since the store was asked, and what was said meanwhile is not in `state`. */
  warm(state: WarmState): Promise<'warm' | 'stale'>;
  /** Changes what is known of a channel (only where it is warm) and tells its viewers. */
  setSettings(place: Place, settings: ChatSettings): Promise<void>;
  setBan(place: Place, ban: Ban): Promise<void>;
  liftBan(place: Place, personId: string): Promise<void>;
  /** For every broadcast of the shard. */
  setPlatform(platform: PlatformChat, platformBans: readonly Ban[]): Promise<void>;
  /** Takes messages out of what is kept, and tells the viewers. */
  remove(broadcastId: string, ids: readonly string[]): Promise<void>;
  /** The same for everything of a person so far; the answer is the id until which it counts. */
  purge(broadcastId: string, personId: string): Promise<string>;
  /** To all viewers, or to all sockets of one person. */
  tell(broadcastId: string, control: Control, personId?: string): Promise<void>;
  setLimits(limits: ChatLimits): Promise<void>;
  /** Viewers of each broadcast over all tasks of the shard; none for unknown ones. */
  viewers(broadcastIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** To every chat task of the shard. Answers how many heard it: one whose link is down at this moment does not. */
  order(order: TaskOrder): Promise<number>;
  /** The broadcast goes to another shard: nothing more of it is taken here, and what is in flight is late. */
  handOver(broadcastId: string): Promise<void>;
  /** It comes here: what is known of it from an earlier stay is forgotten, so that it has to be warmed. */
  takeOver(broadcastId: string): Promise<void>;
  /** What the platform bucket was asked for in the last second, taken or not; and sets this shard's share of it. */
  platformDemand(): Promise<number>;
  /** Of these, how many were refused by the platform's limit. */
  platformRefused(): Promise<number>;
  setPlatformShare(perS: number): Promise<void>;
  close(): Promise<void>;
}

/** To every task of a shard. */
export type TaskOrder =
  /** Cuts this share of the sockets at once, as a load balancer that loses a node. */
  | { readonly type: 'drill'; readonly share: number }
  /** Ends of a stay: everybody in this broadcast goes there. */
  | { readonly type: 'move'; readonly broadcastId: string; readonly path: string }
  /** It is private from now on: nobody but the broadcaster stays. */
  | { readonly type: 'hide'; readonly broadcastId: string };

/** One publication, as it lies on the wire (JSON). */
export type Publication =
  /** `prev`: id of the message that was published before these in this broadcast, '' for the first ones. */
  | { readonly prev: string; readonly messages: readonly ChatMessage[] }
  | { readonly control: Control; readonly person?: string };

/** A message, or all of a person, that was taken away: who was not there has it on the screen still. */
export interface Removal {
  /** When, as ids are: whoever has heard a message with a greater id has heard of it. */
  readonly at: string;
  readonly control: Extract<Control, { type: 'delete' | 'purge' }>;
}

/** What a task hears of one broadcast. */
export interface Listener {
  /**
   * In order, each once; holes (lost connection, Redis that came back empty) are filled before. `after-hole`: so much
   * was said meanwhile that these are only what is kept of it, at most `keptLength`.
   */
  messages(messages: readonly ChatMessage[], how?: 'after-hole'): void;
  control(control: Control, personId: string | undefined): void;
}

/** The chat task's side: one connection, subscribed to what has viewers here. */
export interface FanIn {
  /** Resolves with what is kept of the broadcast, oldest first; from then on the listener hears everything after it. */
  subscribe(
    place: Place,
    listener: Listener,
  ): Promise<{
    readonly kept: readonly ChatMessage[];
    /** Nothing was said before the first of `kept`. */
    readonly whole: boolean;
    readonly settings: ChatSettings;
    /** The last ones, oldest first. */
    readonly removals: readonly Removal[];
  }>;
  unsubscribe(broadcastId: string): Promise<void>;
  readonly link: 'live' | 'reconnecting';
  onLink(heard: (link: 'live' | 'reconnecting') => void): void;
  onOrder(heard: (order: TaskOrder) => void): void;
  /** Says how many viewers this task has of each broadcast (0: none any more) and hears the sums over all tasks. */
  present(counts: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, number>>;
  /** One holder in the shard, until it was not renewed for `ttlMs`. */
  holdLease(name: string, ttlMs: number): Promise<boolean>;
  /** ms that a ping to Redis took last. */
  readonly lagMs: number;
  close(): Promise<void>;
}

/** A task that was silent for so long no longer counts: three beats of 5 s missed. */
export const presenceBeatMs = 5_000;
export const presenceExpiryMs = 15_000;
