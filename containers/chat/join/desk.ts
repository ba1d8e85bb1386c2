import type { Broadcast } from '../../../core/broadcast/types.ts';
import { isVisibleTo } from '../../../core/broadcast/visible-to.ts';
import { operatorGroup } from '../../../core/api/ops.ts';
import { authorName } from '../../../core/chat/author-name.ts';
import type { Place } from '../../../core/chat/bus.ts';
import { idTimeMs, type ChatAuthor, type ChatRole } from '../../../core/chat/message.ts';
import { chatPath, type JoinRefusal } from '../../../core/chat/protocol.ts';
import type { Ban } from '../../../core/chat/mode.ts';
import { platformScope, type ChatStore } from '../../../core/chat/store.ts';
import { knowTokens } from '../../../runtime/identity/known-tokens.ts';
import { personIdOf } from '../../../runtime/identity/person.ts';
import { TokenError, type Identity, type TokenVerifier } from '../../../runtime/identity/tokens.ts';
import type { Broadcasts } from '../../../runtime/store/tables/broadcasts.ts';
import { Recent } from '../../../runtime/store/recent.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import { refusal, unavailable } from './refusals.ts';
import { readJoinRequest } from './request.ts';

export interface Admitted {
  readonly place: Place;
  /** Absent for anonymous viewers. */
  readonly you?: ChatAuthor;
  readonly after?: string;
  /** They may read, but not write: until then, or for good. */
  readonly ban?: Pick<Ban, 'until'>;
}

export type Decision =
  | { readonly ok: true; readonly admitted: Admitted }
  | { readonly ok: false; readonly refusal: JoinRefusal };

/** Decides who may join. */
export interface Desk {
  /** @param said what the client sent, anything. */
  ask(said: unknown): Promise<Decision>;
  /** The broadcast has its chat there now; the tables may say so a moment later. */
  moved(broadcastId: string, path: string): void;
  /** What was read of this broadcast is old. */
  changed(broadcastId: string): void;
  /** Somebody may write again in this channel: what was read of its bans is old. */
  freed(channelId: string): void;
}

export interface DeskOptions {
  readonly shard: string;
  readonly verifier: TokenVerifier;
  readonly broadcasts: Pick<Broadcasts, 'get'>;
  readonly people: Pick<ChatStore, 'moderators' | 'bans'>;
  /** ms since 1970: tokens, bans and ids go by it. */
  readonly now: () => number;
  /** ms, of a clock that never steps. */
  readonly steady: () => number;
  /** 0 ≤ x < 1 */
  readonly random: () => number;
  readonly log: Logger;
}

const broadcastFreshMs = 3_000;
/** One that is not here may be in a moment: asked again soon, but not by each of a crowd. */
const elsewhereFreshMs = 250;
/** While the tables do not answer, who was there a minute ago still is. */
const staleMs = 60_000;
const moderatorsFreshMs = 10_000;
/** Those who are here hear of a ban at once; who comes in a moment later may learn it from their first post. */
const bansFreshMs = 3_000;
/** Whoever gives the order to move has written the table, or does so within this. */
const moveMs = 5_000;
/** No clock of a shard is ahead of ours by more: whoever has heard of later messages has made them up. */
const aheadMs = 60_000;
const complainEveryMs = 5_000;
const mostBroadcasts = 5_000;

export function createDesk(options: DeskOptions): Desk {
  const { shard, now, steady, random, log } = options;
  const verifier = knowTokens(options.verifier, now);
  const broadcasts = new Recent<Broadcast | undefined>({
    read: (broadcastId) => options.broadcasts.get(broadcastId),
    freshMs: (broadcast) => (broadcast?.shard === shard ? broadcastFreshMs : elsewhereFreshMs),
    staleMs,
    most: mostBroadcasts,
    steady,
  });
  const moderators = new Recent<ReadonlySet<string>>({
    read: async (channelId) =>
      new Set((await options.people.moderators(channelId)).map(({ personId }) => personId)),
    freshMs: moderatorsFreshMs,
    staleMs,
    most: mostBroadcasts,
    steady,
  });
  const bans = new Recent<ReadonlyMap<string, Ban>>({
    read: async (scope) =>
      new Map((await options.people.bans(scope)).map((ban) => [ban.personId, ban] as const)),
    freshMs: bansFreshMs,
    staleMs,
    most: mostBroadcasts,
    steady,
  });
  let complainedAt = -Infinity;
  const complain = (error: unknown): void => {
    // A crowd meets the same fault: once says it.
    if (steady() - complainedAt < complainEveryMs) return;
    complainedAt = steady();
    log.warn({ err: error }, 'could not tell who may join');
  };
  const movedTo = new Map<string, { readonly path: string; readonly at: number }>();

  const roleOf = async (identity: Identity, personId: string, broadcast: Broadcast): Promise<ChatRole> => {
    if (identity.groups.includes(operatorGroup)) return 'operator';
    if (identity.subject === broadcast.ownerId) return 'broadcaster';
    try {
      return (await moderators.get(broadcast.channelId)).has(personId) ? 'moderator' : 'viewer';
    } catch (error) {
      // It says only how their name looks here: the API asks again before it obeys.
      complain(error);
      return 'viewer';
    }
  };

  const authorOf = async (identity: Identity, broadcast: Broadcast): Promise<ChatAuthor> => {
    const id = personIdOf(identity.subject);
    const role = await roleOf(identity, id, broadcast);
    return { id, name: authorName(identity.name, id, { role, channelName: broadcast.channelName }), role };
  };

  /** The longest of what holds here and everywhere. */
  const banOf = async ({ id }: ChatAuthor, channelId: string): Promise<Admitted['ban']> => {
    try {
      const both = await Promise.all([bans.get(channelId), bans.get(platformScope)]);
      const untils = both.flatMap((known) => known.get(id) ?? []).map(({ until = Infinity }) => until);
      const until = Math.max(0, ...untils);
      if (until <= now()) return undefined;
      return until === Infinity ? {} : { until };
    } catch (error) {
      // The API refuses their posts all the same, and says why.
      complain(error);
      return undefined;
    }
  };

  const decide = async (said: unknown): Promise<Decision> => {
    const request = readJoinRequest(said);
    if (request === undefined) return refusal('bad-request');
    const identity = request.token === undefined ? undefined : await verifier.verify(request.token);
    const broadcast = await broadcasts.get(request.broadcast);
    if (broadcast === undefined || !isVisibleTo(broadcast, identity?.subject)) return refusal('not-found');
    const moved = movedTo.get(request.broadcast);
    if (moved !== undefined && steady() - moved.at < moveMs && broadcast.shard === shard)
      return refusal('moved', { path: moved.path });
    if (broadcast.shard === undefined) return unavailable(random);
    if (broadcast.shard !== shard) return refusal('moved', { path: chatPath(broadcast.shard) });
    const { broadcastId, channelId } = broadcast;
    const { after } = request;
    const isHeard = after !== undefined && idTimeMs(after) < now() + aheadMs;
    const you = identity === undefined ? undefined : await authorOf(identity, broadcast);
    const ban = you === undefined ? undefined : await banOf(you, channelId);
    return {
      ok: true,
      admitted: {
        place: { broadcastId, channelId },
        ...(you === undefined ? {} : { you }),
        ...(isHeard ? { after } : {}),
        ...(ban === undefined ? {} : { ban }),
      },
    };
  };

  return {
    async ask(said) {
      try {
        return await decide(said);
      } catch (error) {
        if (error instanceof TokenError) return refusal('bad-token', { text: error.message });
        complain(error);
        return unavailable(random);
      }
    },
    moved(broadcastId, path) {
      for (const [id, { at }] of movedTo) if (steady() - at >= moveMs) movedTo.delete(id);
      movedTo.set(broadcastId, { path, at: steady() });
      broadcasts.forget(broadcastId);
    },
    changed: (broadcastId) => broadcasts.forget(broadcastId),
    freed(channelId) {
      bans.forget(channelId);
      bans.forget(platformScope);
    },
  };
}
