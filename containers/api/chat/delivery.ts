import { setTimeout as pause } from 'node:timers/promises';
import {
  BusError,
  publishWithinMs,
  type PostBus,
  type PostWish,
  type TakenBackBy,
} from '../../../core/chat/bus.ts';
import { idTimeMs, type ChatAuthor, type ChatMessage, type MessageKeys } from '../../../core/chat/message.ts';
import { sealAfterMs } from '../../../core/chat/replay.ts';
import { hashOf } from '../../../runtime/bus/idempotency.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import { warnSeldom } from '../../../runtime/telemetry/seldom.ts';
import type { ChatMetrics } from './metrics.ts';
import type { ChatParts } from './parts.ts';
import { refused } from './refusals.ts';
import type { Untold } from './untold.ts';
import type { Warmth } from './warmth.ts';

const publishAgainMs = 100;
/** What could not be taken out of the table, or put there again, is tried again after so long. */
const tableAgainMs = [1_000, 5_000, 20_000];
/** Broadcasts that this task has said are to be archived: 40 bytes each. */
const maxMarked = 20_000;
/** Posts of some seconds at the platform's limit. */
const maxTakenBack = 10_000;

export interface Delivered {
  readonly id: string;
  readonly at: number;
}

/** It was overtaken while it was stored, and is nowhere any more: admit it anew. */
export interface Late {
  readonly late: ChatMessage;
}

interface Where {
  readonly shard: string;
  readonly wish: PostWish;
}

/** A post, and where it goes. */
export interface Goal extends Where {
  readonly bus: PostBus;
}

export interface Post extends Goal {
  readonly text: string;
  readonly by: ChatAuthor;
  /** When the post began, by the steady clock. */
  readonly began: number;
}

/** From the admission of a post to everybody's screens: stored, then published, or nothing of both. */
export class Delivery {
  readonly #deps: DeliveryOptions;
  readonly #marked = new Set<string>();
  /** What was taken back although it may have gone out, until Redis has been told. */
  readonly #takenBack = new Map<string, { readonly wish: PostWish; readonly message: ChatMessage }>();
  readonly #laters = new Map<string, NodeJS.Timeout>();
  readonly #warn: (error: unknown) => void;

  constructor(deps: DeliveryOptions) {
    this.#deps = deps;
    const { log, chat } = deps;
    this.#warn = warnSeldom({ log, text: 'a message was not delivered at once', steady: chat.steady });
  }

  /** @param again this id was given before, by the same idempotency key: somebody may be at it, or have died over it. */
  async deliver(post: Post, id: string, again: boolean): Promise<Delivered | Late> {
    const { chat, clock } = this.#deps;
    const { broadcastId } = post.wish;
    const kept = again ? await this.#again(post.shard, broadcastId, id) : undefined;
    const message: ChatMessage = kept ?? { id, at: clock.now(), text: post.text, by: post.by };
    // Also when it is there: whoever wrote it may be about to take theirs back.
    await this.#store(post, message, again);
    const outcome = await this.#publish(post, message, again);
    if (outcome === 'late') {
      await this.#remove(broadcastId, id);
      return { late: message };
    }
    // It may be that the archive was closed meanwhile: whoever writes it looks again.
    if (chat.steady() - post.began > sealAfterMs / 3) await this.#mark(post, true).catch(this.#warn);
    return { id, at: message.at };
  }

  /**
   * It was late at the shard that had the broadcast before. This one may have found it in the store just then, and
   * may have told a retry that it is posted.
   */
  async recall(goal: Goal, { late: message }: Late): Promise<Delivered | undefined> {
    const { bus, wish } = goal;
    const answer = await this.#warmly(goal, () => bus.takeBack(wish, message.id));
    if (answer === 'gone') return undefined;
    await this.#keepNow(goal, message);
    return { id: message.id, at: message.at };
  }

  /** What went out before, said once more. */
  async repeated(shard: string, broadcastId: string, id: string): Promise<Delivered> {
    const takenBack = this.#takenBack.get(keyOf(shard, broadcastId, id));
    if (takenBack !== undefined) {
      // So it did go out, and its owner was told that it did not: now they are told that it did.
      await this.#keepNow({ shard, wish: takenBack.wish }, takenBack.message);
      this.#keepAfterAll(shard, broadcastId, id);
    }
    // Removed meanwhile, or the table is away: when the id was given is as near.
    const message = takenBack?.message ?? (await this.#stored(broadcastId, id).catch(() => undefined));
    return { id, at: message?.at ?? idTimeMs(id) };
  }

  async #stored(broadcastId: string, id: string): Promise<ChatMessage | undefined> {
    const [message] = await this.#deps.chat.messages.read(broadcastId, { from: id, to: id });
    return message;
  }

  async #again(shard: string, broadcastId: string, id: string): Promise<ChatMessage | undefined> {
    this.#keepAfterAll(shard, broadcastId, id);
    return this.#stored(broadcastId, id);
  }

  #keepAfterAll(shard: string, broadcastId: string, id: string): void {
    this.#takenBack.delete(keyOf(shard, broadcastId, id));
    this.#deps.untold.cancel(shard, aboutPost(broadcastId, id));
  }

  async #store(post: Post, message: ChatMessage, again: boolean): Promise<void> {
    const { chat, metrics } = this.#deps;
    const began = chat.steady();
    const [written, marked] = await Promise.allSettled([
      chat.messages.write(post.wish.broadcastId, [message], keysOf(post.wish, message)),
      this.#mark(post),
    ]);
    const ok = written.status === 'fulfilled' && written.value.failed.length === 0;
    metrics.stored(chat.steady() - began, ok);
    if (ok && marked.status === 'fulfilled') return;
    const failed = [written, marked].find((each) => each.status === 'rejected');
    this.#warn(failed?.reason ?? new Error('the table did not take a message in time'));
    if (ok && !again) await this.#remove(post.wish.broadcastId, message.id);
    // What was not stored in time may have been read all the same, until it is taken back there.
    await (again ? this.#leave(post, message) : this.#takeBack(post, message, 'storer'));
    throw refused('unavailable');
  }

  /** Before the first message of a broadcast can be seen, it stands in the list of those who are to be archived. */
  async #mark({ shard, wish }: Where, anew = false): Promise<void> {
    const key = `${shard}/${wish.broadcastId}`;
    if (this.#marked.has(key) && !anew) return;
    await this.#deps.chat.unarchived.add(shard, wish.broadcastId);
    this.#marked.add(key);
    const [oldest] = this.#marked;
    if (this.#marked.size > maxMarked && oldest !== undefined) this.#marked.delete(oldest);
  }

  async #publish(post: Post, message: ChatMessage, again: boolean): Promise<'published' | 'late'> {
    const { chat, metrics } = this.#deps;
    const began = chat.steady();
    for (;;) {
      try {
        const outcome = await this.#tryToPublish(post, message, again);
        metrics.published(chat.steady() - began, true);
        return outcome;
      } catch (error) {
        const tried = chat.steady() - began;
        if (!(error instanceof BusError) || tried > publishWithinMs) {
          metrics.published(tried, false);
          this.#warn(error);
          if (!again) await this.#remove(post.wish.broadcastId, message.id);
          await (again ? this.#leave(post, message) : this.#takeBack(post, message, 'publisher'));
          throw refused('unavailable');
        }
        await pause(publishAgainMs);
      }
    }
  }

  async #tryToPublish(goal: Goal, message: ChatMessage, again: boolean): Promise<'published' | 'late'> {
    const { bus, wish } = goal;
    const outcome = await this.#warmly(goal, () => bus.publish(wish.broadcastId, message));
    if (outcome === 'published' && (!again || (await this.#stays(goal, message.id)))) return 'published';
    const answer = await this.#warmly(goal, () =>
      bus.takeBack(wish, message.id, again ? 'again' : 'publisher'),
    );
    return answer === 'answered' ? 'published' : 'late';
  }

  /** Who was given this id first may have given it up at this moment: Redis says who was first, and keeps to it. */
  async #stays({ bus, wish }: Goal, id: string): Promise<boolean> {
    const standing = await bus.standing(wish);
    if (standing.kind === 'cold') throw new BusError('Redis came back empty');
    return standing.kind === 'moved' || standing.posted === id;
  }

  /** A Redis that came back empty is told what the store has first: what was stored before then is published by that. */
  async #warmly<T>({ shard, bus, wish }: Goal, ask: () => Promise<T | 'cold'>): Promise<T> {
    const first = await ask();
    if (first !== 'cold') return first;
    await this.#deps.warmth.warm(shard, bus, wish);
    const second = await ask();
    if (second === 'cold') throw new BusError('Redis came back empty twice');
    return second;
  }

  /** Whoever was given this id first has published it, or goes on with another one; or was ended over it. */
  async #leave({ shard, wish }: Where, { id }: ChatMessage): Promise<void> {
    await this.#deps.untold.tell(shard, aboutPost(wish.broadcastId, id), async (bus) => {
      const answer = await this.#warmly({ shard, bus, wish }, () => bus.takeBack(wish, id, 'again'));
      if (answer === 'gone') await this.#remove(wish.broadcastId, id);
    });
  }

  /** Nothing of it is to stay. A Redis that does not answer is told as soon as it does. */
  async #takeBack({ shard, wish }: Where, message: ChatMessage, by: TakenBackBy): Promise<void> {
    const { broadcastId } = wish;
    const { id } = message;
    const key = keyOf(shard, broadcastId, id);
    this.#takenBack.set(key, { wish, message });
    const [oldest] = this.#takenBack.keys();
    if (this.#takenBack.size > maxTakenBack && oldest !== undefined) this.#takenBack.delete(oldest);
    await this.#deps.untold.tell(shard, aboutPost(broadcastId, id), async (bus) => {
      await bus.withdraw(wish, id);
      const answer = await this.#warmly({ shard, bus, wish }, () => bus.takeBack(wish, id, by));
      // A retry was told that it is posted, by another API task.
      if (answer === 'answered') await this.#keep({ shard, wish }, message);
      this.#takenBack.delete(key);
    });
  }

  async #remove(broadcastId: string, id: string, pauses: readonly number[] = tableAgainMs): Promise<void> {
    try {
      await this.#deps.chat.messages.remove(broadcastId, [id]);
    } catch (error) {
      this.#warn(error);
      this.#later(broadcastId, id, pauses, (rest) => this.#remove(broadcastId, id, rest));
    }
  }

  /** Once more in a while; unless the opposite is done meanwhile. */
  #later(
    broadcastId: string,
    id: string,
    [pauseMs, ...rest]: readonly number[],
    work: (rest: readonly number[]) => Promise<unknown>,
  ): void {
    if (pauseMs === undefined) return;
    const key = `${broadcastId}/${id}`;
    const timer = setTimeout(() => {
      this.#laters.delete(key);
      work(rest).catch(this.#warn);
    }, pauseMs);
    this.#laters.set(key, timer.unref());
  }

  async #keepNow(where: Where, message: ChatMessage): Promise<void> {
    if (!(await this.#keep(where, message))) throw refused('unavailable');
  }

  /** Puts into the store again what was taken out too early. @returns whether it is there; else it will be tried again */
  async #keep(
    where: Where,
    message: ChatMessage,
    pauses: readonly number[] = tableAgainMs,
  ): Promise<boolean> {
    const { wish } = where;
    const { messages } = this.#deps.chat;
    clearTimeout(this.#laters.get(`${wish.broadcastId}/${message.id}`));
    const { failed } = await messages.write(wish.broadcastId, [message], keysOf(wish, message));
    // Its time may be archived already.
    if (failed.length === 0) await this.#mark(where, true).catch(this.#warn);
    else this.#later(wish.broadcastId, message.id, pauses, (rest) => this.#keep(where, message, rest));
    return failed.length === 0;
  }
}

const keysOf = ({ personId, idempotencyKey }: PostWish, { id }: ChatMessage): MessageKeys =>
  new Map(idempotencyKey === undefined ? [] : [[id, hashOf(personId, idempotencyKey)]]);

const keyOf = (shard: string, ...rest: readonly string[]): string => [shard, ...rest].join('/');
const aboutPost = (broadcastId: string, id: string): string => `post ${broadcastId} ${id}`;

export interface DeliveryOptions {
  readonly chat: Pick<ChatParts, 'messages' | 'unarchived' | 'steady'>;
  readonly clock: { now(): number };
  readonly untold: Untold;
  readonly warmth: Warmth;
  readonly metrics: ChatMetrics;
  readonly log: Logger;
}
