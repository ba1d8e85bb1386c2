import { setTimeout as pause } from 'node:timers/promises';
import type { PostedMessage } from '../../../core/api/chat.ts';
import {
  BusError,
  type Admission,
  type Place,
  type PostBus,
  type PostWish,
  type Standing,
} from '../../../core/chat/bus.ts';
import { checkText } from '../../../core/chat/filter/check-text.ts';
import { followCounts, turnedAway } from '../../../core/chat/may-post.ts';
import type { ChatAuthor } from '../../../core/chat/message.ts';
import type { Identity } from '../../../runtime/identity/tokens.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import { warnSeldom } from '../../../runtime/telemetry/seldom.ts';
import { HttpProblem } from '../problems.ts';
import type { Delivery, Late } from './delivery.ts';
import type { Homes } from './homes.ts';
import type { ChatMetrics } from './metrics.ts';
import type { People } from './people.ts';
import { refused } from './refusals.ts';
import type { Shards } from './shards.ts';
import type { VisibleBroadcasts } from './visible.ts';
import type { Warmth } from './warmth.ts';
import type { Words } from './words.ts';

export interface NewPost {
  readonly broadcastId: string;
  readonly text: string;
  readonly idempotencyKey?: string | undefined;
}

type Known = Extract<Standing, { kind: 'known' }>;

/** The broadcast has another shard than was known here. */
interface Moved {
  readonly kind: 'moved';
  /** Taken back at the old shard: the new one may have found them in the store for a moment. */
  readonly late: readonly Late[];
}

/** A move takes two Redis and a table; then the table says where it is. */
const lookAgainMs = 100;
const looks = 10;

/** The way of a post from the request to its answer (core/api/chat.ts). */
export class Posting {
  readonly #deps: PostingOptions;
  readonly #warn: (error: unknown) => void;
  /** The same post, asked for again while it is under way, waits for the one that is. */
  readonly #underWay = new Map<string, Promise<PostedMessage>>();

  constructor(deps: PostingOptions) {
    this.#deps = deps;
    const { log, steady } = deps;
    this.#warn = warnSeldom({ log, text: 'a post was refused: its Redis does not answer', steady });
  }

  async post(identity: Identity, post: NewPost): Promise<PostedMessage> {
    const { idempotencyKey, broadcastId } = post;
    try {
      if (idempotencyKey === undefined) return await this.#find(identity, post);
      const key = JSON.stringify([identity.subject, broadcastId, idempotencyKey]);
      const flight = this.#underWay.get(key) ?? this.#find(identity, post);
      this.#underWay.set(key, flight);
      return await flight.finally(() => this.#underWay.delete(key));
    } catch (error) {
      const problem = error instanceof BusError ? refused('unavailable') : error;
      if (error instanceof BusError) this.#warn(error);
      if (problem instanceof HttpProblem && problem.chat !== undefined)
        this.#deps.metrics.refused(problem.chat.reason);
      throw problem;
    }
  }

  /** Posts where the broadcast is, also when it moves meanwhile. */
  async #find(identity: Identity, post: NewPost): Promise<PostedMessage> {
    const late: Late[] = [];
    for (let look = 0; look < looks; look += 1) {
      const posted = await this.#post(identity, post, late);
      if (!('kind' in posted)) return posted;
      late.push(...posted.late);
      await pause(lookAgainMs);
      this.#deps.visible.forget(post.broadcastId);
    }
    throw refused('unavailable');
  }

  async #post(
    identity: Identity,
    post: NewPost,
    lateElsewhere: readonly Late[],
  ): Promise<PostedMessage | Moved> {
    const { visible, people, homes, shards, delivery, metrics, clock, steady } = this.#deps;
    const began = steady();
    const { broadcastId, idempotencyKey } = post;
    const broadcast = await visible.get(broadcastId, identity);
    const by = await people.author(broadcast, identity);
    if (broadcast.state === 'ended') throw refused('ended');
    const shard = await homes.shardOf(broadcast);
    const bus = shard === undefined ? undefined : await shards.bus(shard);
    if (shard === undefined || bus === undefined) throw refused('unavailable');

    const place: Place = { broadcastId, channelId: broadcast.channelId };
    const wish: PostWish = {
      ...place,
      personId: by.id,
      role: by.role,
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    };
    const goal = { shard, bus, wish };
    const late: Late[] = [];
    // Before the standing is asked for: that would count as a retry.
    for (const each of lateElsewhere) {
      const recalled = await delivery.recall(goal, each);
      if (recalled !== undefined) return recalled;
    }
    const standing = await this.#standing(shard, bus, wish);
    if (standing.kind === 'moved') return { kind: 'moved', late };
    if (standing.posted === undefined) {
      await this.#weigh(standing, by, place, clock.now());
      const text = this.#check(post.text, standing, by, place);
      // A message that was overtaken while it was stored is admitted anew: once.
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const admission = await this.#admit(shard, bus, wish);
        if (admission.kind === 'moved') return { kind: 'moved', late };
        const { id } = admission;
        if (admission.kind === 'posted') return this.#repeated(shard, broadcastId, id);
        const delivered = await delivery.deliver({ ...goal, text, by, began }, id, admission.again);
        if ('late' in delivered) {
          late.push(delivered);
          continue;
        }
        metrics.posted('accepted');
        return delivered;
      }
      throw refused('unavailable');
    }
    return this.#repeated(shard, broadcastId, standing.posted);
  }

  async #standing(shard: string, bus: PostBus, wish: PostWish): Promise<Exclude<Standing, { kind: 'cold' }>> {
    const first = await bus.standing(wish);
    if (first.kind !== 'cold') return first;
    await this.#deps.warmth.warm(shard, bus, wish);
    const second = await bus.standing(wish);
    if (second.kind !== 'cold') return second;
    throw refused('unavailable');
  }

  async #weigh(standing: Known, by: ChatAuthor, { channelId }: Place, now: number): Promise<void> {
    const followedSince = followCounts(standing.settings, by.role)
      ? await this.#deps.people.followedSince(channelId, by.id)
      : undefined;
    const refusal = turnedAway(standing, { role: by.role, followedSince, now });
    if (refusal !== undefined) throw refused(refusal.reason, { ...waitOf(refusal) });
  }

  #check(text: string, { settings, platform }: Known, { role }: ChatAuthor, { channelId }: Place): string {
    const words = this.#deps.words.of(channelId, settings, platform);
    const verdict = checkText(text, { rules: settings, words, role });
    if (verdict.ok) return verdict.text;
    throw refused(verdict.reason, { detail: verdict.detail });
  }

  async #admit(
    shard: string,
    bus: PostBus,
    wish: PostWish,
  ): Promise<Exclude<Admission, { kind: 'cold' | 'refused' }>> {
    let admission = await bus.admit(wish);
    if (admission.kind === 'cold') {
      // It came back empty since it was asked how the person stands.
      await this.#deps.warmth.warm(shard, bus, wish);
      admission = await bus.admit(wish);
    }
    if (admission.kind === 'cold') throw refused('unavailable');
    if (admission.kind === 'refused') throw refused(admission.reason, { ...waitOf(admission) });
    return admission;
  }

  async #repeated(shard: string, broadcastId: string, id: string): Promise<PostedMessage> {
    const answer = await this.#deps.delivery.repeated(shard, broadcastId, id);
    this.#deps.metrics.posted('repeated');
    return answer;
  }
}

const waitOf = ({ retryAfterMs }: { readonly retryAfterMs?: number }): { readonly retryAfterMs?: number } =>
  retryAfterMs === undefined ? {} : { retryAfterMs };

export interface PostingOptions {
  readonly visible: VisibleBroadcasts;
  readonly people: People;
  readonly homes: Homes;
  readonly shards: Shards;
  readonly warmth: Warmth;
  readonly words: Words;
  readonly delivery: Delivery;
  readonly metrics: ChatMetrics;
  readonly clock: { now(): number };
  readonly steady: () => number;
  readonly log: Logger;
}
