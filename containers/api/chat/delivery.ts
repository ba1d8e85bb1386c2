import { setTimeout as pause } from 'node:timers/promises';
import { BusError, publishWithinMs, type PostBus, type PostWish } from '../../../core/chat/bus.ts';
import { idTimeMs, type ChatAuthor, type ChatMessage } from '../../../core/chat/message.ts';
import { sealAfterMs } from '../../../core/chat/replay.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import type { ChatMetrics } from './metrics.ts';
import type { ChatParts } from './parts.ts';
import { refused } from './refusals.ts';
import type { Untold } from './untold.ts';

const publishAgainMs = 100;
/** What could not be taken out of the table is tried again after so long. */
const removeAgainMs = [1_000, 5_000, 20_000];
/** Broadcasts that this task has said are to be archived: 40 bytes each. */
const maxMarked = 20_000;
/** A table or Redis that is away is that for hundreds of posts a second: all of them at the level debug. */
const warnEveryMs = 1_000;
/** Posts of some seconds at the platform's limit. */
const maxTakenBack = 10_000;

export interface Delivered {
  readonly id: string;
  readonly at: number;
}

export interface Post {
  readonly shard: string;
  readonly bus: PostBus;
  readonly wish: PostWish;
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
  readonly #takenBack = new Map<string, ChatMessage>();
  #warnedAt = -Infinity;
  #unsaid = 0;

  constructor(deps: DeliveryOptions) {
    this.#deps = deps;
  }

  /** @param again this id was given before, by the same idempotency key: somebody may be at it, or have died over it. */
  async deliver(post: Post, id: string, again: boolean): Promise<Delivered | 'late'> {
    const { chat, clock } = this.#deps;
    const { broadcastId } = post.wish;
    const kept = again ? await this.#again(post.shard, broadcastId, id) : undefined;
    const message: ChatMessage = kept ?? { id, at: clock.now(), text: post.text, by: post.by };
    if (kept === undefined) await this.#store(post, message, again);
    const outcome = await this.#publish(post, message);
    if (outcome === 'late') {
      await this.#remove(broadcastId, id);
      return 'late';
    }
    // It may be that the archive was closed meanwhile: whoever writes it looks again.
    if (chat.steady() - post.began > sealAfterMs / 3) await this.#mark(post, true).catch(this.#warn);
    return { id, at: message.at };
  }

  /** What went out before, said once more. */
  async repeated(shard: string, broadcastId: string, id: string): Promise<Delivered> {
    const takenBack = this.#takenBack.get(keyOf(shard, broadcastId, id));
    if (takenBack !== undefined) {
      // So it did go out, and its owner was told that it did not: now they are told that it did.
      const { failed } = await this.#deps.chat.messages.write(broadcastId, [takenBack]);
      if (failed.length > 0) throw refused('unavailable');
      this.#keepAfterAll(shard, broadcastId, id);
    }
    // Removed meanwhile, or the table is away: when the id was given is as near.
    const message = takenBack ?? (await this.#stored(broadcastId, id).catch(() => undefined));
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
      chat.messages.write(post.wish.broadcastId, [message]),
      this.#mark(post),
    ]);
    const ok = written.status === 'fulfilled' && written.value.failed.length === 0;
    metrics.stored(chat.steady() - began, ok);
    if (ok && marked.status === 'fulfilled') return;
    const failed = [written, marked].find((each) => each.status === 'rejected');
    this.#warn(failed?.reason ?? new Error('the table did not take a message in time'));
    if (ok) await this.#remove(post.wish.broadcastId, message.id);
    // Whoever was given this id first may be publishing it at this moment.
    if (!again) await post.bus.withdraw(post.wish, message.id).catch(this.#warn);
    throw refused('unavailable');
  }

  /** Before the first message of a broadcast can be seen, it stands in the list of those who are to be archived. */
  async #mark({ shard, wish }: Post, anew = false): Promise<void> {
    const key = `${shard}/${wish.broadcastId}`;
    if (this.#marked.has(key) && !anew) return;
    await this.#deps.chat.unarchived.add(shard, wish.broadcastId);
    this.#marked.add(key);
    const [oldest] = this.#marked;
    if (this.#marked.size > maxMarked && oldest !== undefined) this.#marked.delete(oldest);
  }

  async #publish(post: Post, message: ChatMessage): Promise<'published' | 'late'> {
    const { chat, metrics } = this.#deps;
    const began = chat.steady();
    for (;;) {
      try {
        const outcome = await post.bus.publish(post.wish.broadcastId, message);
        metrics.published(chat.steady() - began, true);
        return outcome;
      } catch (error) {
        const tried = chat.steady() - began;
        if (!(error instanceof BusError) || tried > publishWithinMs) {
          metrics.published(tried, false);
          this.#warn(error);
          await this.#takeBack(post, message);
          throw refused('unavailable');
        }
        await pause(publishAgainMs);
      }
    }
  }

  /** Nothing of it is to stay. Redis does not answer: it is told as soon as it does. */
  async #takeBack({ shard, wish }: Post, message: ChatMessage): Promise<void> {
    const { broadcastId } = wish;
    const { id } = message;
    const key = keyOf(shard, broadcastId, id);
    await this.#remove(broadcastId, id);
    this.#takenBack.set(key, message);
    const [oldest] = this.#takenBack.keys();
    if (this.#takenBack.size > maxTakenBack && oldest !== undefined) this.#takenBack.delete(oldest);
    await this.#deps.untold.tell(shard, aboutPost(broadcastId, id), async (bus) => {
      await bus.withdraw(wish, id);
      await bus.remove(broadcastId, [id]);
      this.#takenBack.delete(key);
    });
  }

  async #remove(broadcastId: string, id: string, pauses: readonly number[] = removeAgainMs): Promise<void> {
    try {
      await this.#deps.chat.messages.remove(broadcastId, [id]);
    } catch (error) {
      this.#warn(error);
      const [pauseMs, ...rest] = pauses;
      if (pauseMs === undefined) return;
      setTimeout(() => void this.#remove(broadcastId, id, rest), pauseMs).unref();
    }
  }

  readonly #warn = (error: unknown): void => {
    const { chat, log } = this.#deps;
    const now = chat.steady();
    const isSoon = now - this.#warnedAt < warnEveryMs;
    log[isSoon ? 'debug' : 'warn'](
      { err: error, unsaid: this.#unsaid },
      'a message was not delivered at once',
    );
    this.#unsaid = isSoon ? this.#unsaid + 1 : 0;
    if (!isSoon) this.#warnedAt = now;
  };
}

const keyOf = (shard: string, ...rest: readonly string[]): string => [shard, ...rest].join('/');
const aboutPost = (broadcastId: string, id: string): string => `post ${broadcastId} ${id}`;

export interface DeliveryOptions {
  readonly chat: Pick<ChatParts, 'messages' | 'unarchived' | 'steady'>;
  readonly clock: { now(): number };
  readonly untold: Untold;
  readonly metrics: ChatMetrics;
  readonly log: Logger;
}
