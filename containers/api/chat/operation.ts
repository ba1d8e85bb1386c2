import type { Broadcast } from '../../../core/broadcast/types.ts';
import { BusError, type PostBus, type TaskOrder } from '../../../core/chat/bus.ts';
import type { ChatLimits } from '../../../core/chat/limits.ts';
import type { ChatAuthor } from '../../../core/chat/message.ts';
import type { Ban, PlatformChat } from '../../../core/chat/mode.ts';
import { chatPath } from '../../../core/chat/protocol.ts';
import { leastLoaded, type ShardLoad } from '../../../core/chat/shards.ts';
import { platformScope, type AuditAction, type Shard } from '../../../core/chat/store.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import type { Broadcasts } from '../../../runtime/store/tables/broadcasts.ts';
import { HttpProblem } from '../problems.ts';
import { newBan, type Moderation, type Whom } from './moderation.ts';
import type { ChatParts } from './parts.ts';
import type { Shards } from './shards.ts';
import type { Upkeep } from './upkeep.ts';
import type { VisibleBroadcasts } from './visible.ts';

/** As in moderation.ts: two at the same moment, not more in a row. */
const maxAttempts = 5;

export interface Moved {
  readonly broadcastId: string;
  readonly to: string;
}

/** What operators do with the chat of the whole platform. */
export class Operation {
  readonly #deps: OperationOptions;

  constructor(deps: OperationOptions) {
    this.#deps = deps;
  }

  async limits(asker: ChatAuthor, changes: Partial<ChatLimits>): Promise<ChatLimits> {
    const { store } = this.#deps.chat;
    await this.#audit(asker, { type: 'settings', changes: { ...changes } });
    const limits = { ...(await store.limits()), ...changes };
    await store.changeLimits(limits);
    await this.#deps.upkeep.apply();
    return limits;
  }

  async platform(asker: ChatAuthor, changes: Partial<PlatformChat>): Promise<PlatformChat> {
    const { store } = this.#deps.chat;
    await this.#audit(asker, { type: 'settings', changes: { ...changes } });
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const before = await store.platform();
      const after = await store.changePlatform({ ...before, ...changes }, before.version);
      if (after === undefined) continue;
      await this.#deps.upkeep.apply();
      return after;
    }
    throw new HttpProblem(409, 'Others are changing this at the same time: look at it, and try again.');
  }

  async ban(asker: ChatAuthor, whom: Whom & { readonly forS?: number | undefined }): Promise<Ban> {
    const { personId, name, reason, forS } = whom;
    if (personId === asker.id) throw new HttpProblem(403, 'Nobody can ban themselves.');
    const action: AuditAction =
      forS === undefined ? { type: 'ban', personId } : { type: 'timeout', personId, forS };
    const ban = newBan({ ...whom, asker, now: this.#deps.clock.now() });
    await this.#deps.moderation.refuseFull(platformScope, ban);
    await this.#audit(asker, action, { name }, reason);
    await this.#deps.chat.store.ban(platformScope, ban);
    await this.#deps.upkeep.apply();
    return ban;
  }

  async unban(asker: ChatAuthor, personId: string): Promise<void> {
    const { store } = this.#deps.chat;
    const known = (await store.bans(platformScope)).find((each) => each.personId === personId);
    await this.#audit(asker, { type: 'unban', personId }, known);
    await store.unban(platformScope, personId);
    await this.#deps.upkeep.apply();
  }

  /** @returns by shard that could be reached how many of its tasks heard it */
  async drill(
    asker: ChatAuthor,
    share: number,
    only: string | undefined,
  ): Promise<ReadonlyMap<string, number>> {
    const { shards } = this.#deps;
    if (only !== undefined) await this.#known(only);
    await this.#audit(asker, { type: 'settings', changes: { drill: share, shard: only ?? 'all' } });
    const wanted = [...shards.buses.keys()].filter((shard) => only === undefined || shard === only);
    const drill: TaskOrder = { type: 'drill', share };
    const heard = new Map<string, number>();
    await Promise.all(
      wanted.map((shard) => this.#tell(shard, async (bus) => heard.set(shard, await bus.order(drill)))),
    );
    if (heard.size > 0) return new Map([...heard].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    throw new HttpProblem(503, 'No chat shard answers right now, so nothing was cut: try again in a moment.');
  }

  async setState(asker: ChatAuthor, shard: string, state: Shard['state']): Promise<void> {
    await this.#known(shard);
    await this.#audit(asker, { type: 'settings', changes: { shard, state } });
    await this.#deps.chat.shards.setState(shard, state);
    await this.#deps.shards.refresh();
  }

  /** Gives broadcasts under way to another shard. Works also when their own is lost. */
  async move(
    asker: ChatAuthor,
    from: string,
    {
      to,
      broadcastIds,
    }: { readonly to?: string | undefined; readonly broadcastIds?: readonly string[] | undefined },
  ): Promise<readonly Moved[]> {
    const { shards } = this.#deps;
    await shards.refresh();
    if (to !== undefined) await this.#serves(to, from);
    if (!shards.all.some(({ shard }) => shard === from)) await this.#hasShows(from);
    await this.#audit(asker, {
      type: 'settings',
      changes: {
        shard: from,
        moveTo: to ?? 'least loaded',
        ...(broadcastIds === undefined ? {} : { broadcastIds }),
      },
    });
    const only = broadcastIds === undefined ? undefined : new Set(broadcastIds);
    const moved: Moved[] = [];
    // A lost Redis costs one timeout, not two for each broadcast.
    let reachable = shards.buses.has(from);
    const tell = async (word: (bus: PostBus) => Promise<unknown>): Promise<void> => {
      reachable &&= await this.#tell(from, word);
    };
    for await (const broadcast of this.#living(from)) {
      const { broadcastId } = broadcast;
      if (only !== undefined && !only.has(broadcastId)) continue;
      const goal = to ?? this.#otherThan(from);
      if (!(await this.#moveOne(broadcastId, { from, to: goal, tell }))) continue;
      moved.push({ broadcastId, to: goal });
      await tell((bus) => bus.order({ type: 'move', broadcastId, path: chatPath(goal) }));
    }
    return moved;
  }

  /**
   * The old shard is closed before the table says where the new one is: what somebody is told to be posted is in
   * the store by then, and the new one begins with all of it.
   */
  async #moveOne(
    broadcastId: string,
    {
      from,
      to,
      tell,
    }: {
      readonly from: string;
      readonly to: string;
      readonly tell: (word: (bus: PostBus) => Promise<unknown>) => Promise<void>;
    },
  ): Promise<boolean> {
    const { broadcasts, chat, shards, visible } = this.#deps;
    // First the note, so that whatever ends here leaves no chat without an archive.
    await chat.unarchived.add(to, broadcastId);
    await shards.buses.get(to)?.takeOver(broadcastId);
    await tell((bus) => bus.handOver(broadcastId));
    // Again: who still went by the list before last may have begun there, with less than was said since.
    await shards.buses.get(to)?.takeOver(broadcastId);
    const moved = await broadcasts.moveShard(broadcastId, from, to);
    if (moved) await chat.unarchived.done(from, broadcastId);
    visible.forget(broadcastId);
    return moved;
  }

  async *#living(shard: string): AsyncGenerator<Broadcast> {
    let cursor: string | undefined;
    do {
      const page = await this.#deps.broadcasts.listUnended(cursor);
      yield* page.broadcasts.filter((each) => each.shard === shard);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
  }

  #otherThan(from: string): string {
    const { chat, shards } = this.#deps;
    const others = shards.all.filter(({ shard }) => shard !== from);
    const goal = leastLoaded(others, chat.random());
    if (goal !== undefined) return goal;
    throw new HttpProblem(409, 'No other shard is open and served: start one, or open one, and try again.');
  }

  async #serves(to: string, from: string): Promise<void> {
    if (to === from) throw new HttpProblem(409, 'They are there already: name another shard.');
    const { load } = await this.#known(to);
    if (load === Infinity)
      throw new HttpProblem(409, `Shard ${to} has no task that serves: start one, and try again.`);
  }

  async #known(shard: string): Promise<ShardLoad> {
    const { shards } = this.#deps;
    const find = (): ShardLoad | undefined => shards.all.find((each) => each.shard === shard);
    if (find() === undefined) await shards.refresh();
    const found = find();
    if (found !== undefined) return found;
    throw this.#unknown(shard);
  }

  /** One that is forgotten may still have broadcasts, and they have to get away. */
  async #hasShows(shard: string): Promise<void> {
    for await (const _broadcast of this.#living(shard)) return;
    throw this.#unknown(shard);
  }

  #unknown(shard: string): HttpProblem {
    const known = this.#deps.shards.all.map((each) => each.shard);
    const hint = known.length === 0 ? 'None has announced itself.' : `There are: ${known.join(', ')}.`;
    return new HttpProblem(404, `There is no chat shard ${shard}. ${hint}`);
  }

  /** @returns whether it heard it */
  async #tell(shard: string, word: (bus: PostBus) => Promise<unknown>): Promise<boolean> {
    try {
      const bus = this.#deps.shards.buses.get(shard);
      if (bus === undefined) return false;
      await word(bus);
      return true;
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      this.#deps.log.warn({ err: error, shard }, 'a shard did not hear an order');
      return false;
    }
  }

  #audit(
    asker: ChatAuthor,
    action: AuditAction,
    whom: { readonly name?: string } = {},
    reason?: string,
  ): Promise<void> {
    return this.#deps.moderation.audit(platformScope, asker, action, whom, reason);
  }
}

export interface OperationOptions {
  readonly chat: Pick<ChatParts, 'store' | 'shards' | 'unarchived' | 'random'>;
  readonly broadcasts: Pick<Broadcasts, 'listUnended' | 'moveShard'>;
  readonly shards: Shards;
  readonly upkeep: Upkeep;
  readonly moderation: Moderation;
  readonly visible: VisibleBroadcasts;
  readonly clock: { now(): number };
  readonly log: Logger;
}
