import type { Broadcast, Channel } from '../../../core/broadcast/types.ts';
import type { Place, PostBus } from '../../../core/chat/bus.ts';
import { banRoomOf, hasRoom, isLasting } from '../../../core/chat/ban-room.ts';
import { outranks } from '../../../core/chat/may-post.ts';
import { idTimeMs, isStaff, messageId, type ChatAuthor } from '../../../core/chat/message.ts';
import type { Ban, ChatSettings } from '../../../core/chat/mode.ts';
import { changeableForMs } from '../../../core/chat/replay.ts';
import {
  platformScope,
  type AuditAction,
  type AuditEntry,
  type ChatScope,
  type Moderator,
} from '../../../core/chat/store.ts';
import type { Broadcasts } from '../../../runtime/store/tables/broadcasts.ts';
import { HttpProblem } from '../problems.ts';
import type { Homes } from './homes.ts';
import type { ChatParts } from './parts.ts';
import type { Owned, People } from './people.ts';
import type { Shards } from './shards.ts';
import type { Untold } from './untold.ts';

/** Whether the screens show it already; if not, they do as soon as their Redis answers again. */
export interface Told<Result = undefined> {
  readonly result: Result;
  readonly shown: boolean;
}

export interface Whom {
  readonly personId: string;
  readonly name: string;
  readonly reason?: string | undefined;
}

/** Two who change the settings at the same moment; more than that many times in a row is no accident. */
const maxAttempts = 5;

/**
 * What staff do. First the line in the audit list, so that nothing is done without one; then the table, which
 * outlives everything; then Redis, for the screens.
 */
export class Moderation {
  readonly #deps: ModerationOptions;

  constructor(deps: ModerationOptions) {
    this.#deps = deps;
  }

  /** Staff, or who said it. */
  async remove(asker: ChatAuthor, broadcast: Broadcast, id: string): Promise<Told> {
    const { messages } = this.#deps.chat;
    const { broadcastId, channelId } = broadcast;
    this.#refuseOld(idTimeMs(id));
    const [message] = await messages.read(broadcastId, { from: id, to: id });
    if (!isStaff(asker.role)) {
      if (message === undefined)
        throw new HttpProblem(404, 'There is no such message: it may have been deleted already.');
      if (message.by.id !== asker.id)
        throw new HttpProblem(403, 'This is somebody else’s message: only they and the staff can delete it.');
    } else if (message?.by.id !== asker.id) {
      // Operators may delete everything.
      if (asker.role !== 'operator')
        await this.#refuseBelow(asker, broadcast, message?.by.id, 'delete what they have said');
      await this.audit(channelId, asker, { type: 'delete', broadcastId, ids: [id] }, message?.by);
    }
    await messages.remove(broadcastId, [id]);
    return {
      result: undefined,
      shown: await this.#removed(broadcast, id, (bus) => bus.remove(broadcastId, [id])),
    };
  }

  /** All that somebody has said in a broadcast. */
  async purge(
    asker: ChatAuthor,
    broadcast: Broadcast,
    whom: Partial<Whom> & Pick<Whom, 'personId'>,
  ): Promise<Told> {
    const { chat, clock } = this.#deps;
    const { broadcastId, channelId } = broadcast;
    const { personId } = whom;
    await this.#refuseBelow(asker, broadcast, personId, 'delete what they have said');
    this.#refuseOld(broadcast.endedAt);
    await this.audit(channelId, asker, { type: 'purge', broadcastId, personId }, whom, whom.reason);
    await chat.messages.removeOf(broadcastId, personId, messageId(clock.now() * 1_000));
    const shown = await this.#removed(broadcast, personId, async (bus) => {
      const until = await bus.purge(broadcastId, personId);
      // What was stored between the two, or is ahead of our clock.
      await chat.messages.removeOf(broadcastId, personId, until);
    });
    return { result: undefined, shown };
  }

  /** The same for the broadcast of a channel that is under way. */
  async purgeCurrent(asker: ChatAuthor, { currentBroadcastId }: Channel, whom: Whom): Promise<Told> {
    const broadcast =
      currentBroadcastId === undefined ? undefined : await this.#deps.broadcasts.get(currentBroadcastId);
    return broadcast === undefined ? { result: undefined, shown: true } : this.purge(asker, broadcast, whom);
  }

  async ban(
    asker: ChatAuthor,
    channel: Channel,
    { personId, name, reason, forS }: Whom & { readonly forS?: number | undefined },
  ): Promise<Told<Ban>> {
    const { chat, people, clock } = this.#deps;
    const { channelId } = channel;
    const role = await people.roleOf(channel, personId);
    if (role === 'broadcaster' || role === 'operator')
      throw new HttpProblem(403, 'Neither the broadcaster nor operators can be banned from a chat.');
    if (!outranks(asker.role, role)) throw notAbove('ban them');
    const ban = newBan({ asker, personId, name, reason, forS, now: clock.now() });
    await this.refuseFull(channelId, ban);
    await this.audit(
      channelId,
      asker,
      forS === undefined ? { type: 'ban', personId } : { type: 'timeout', personId, forS },
      { name },
      reason,
    );
    await chat.store.ban(channelId, ban);
    const shown = await this.#tell(channel, `ban ${channelId} ${personId}`, (bus, place) =>
      bus.setBan(place, ban),
    );
    return { result: ban, shown };
  }

  async unban(asker: ChatAuthor, channel: Channel, personId: string): Promise<Told> {
    const { store } = this.#deps.chat;
    const { channelId } = channel;
    const ban = (await store.bans(channelId)).find((each) => each.personId === personId);
    await this.audit(channelId, asker, { type: 'unban', personId }, ban);
    await store.unban(channelId, personId);
    const shown = await this.#tell(channel, `ban ${channelId} ${personId}`, (bus, place) =>
      bus.liftBan(place, personId),
    );
    return { result: undefined, shown };
  }

  async settings(
    asker: ChatAuthor,
    channel: Channel,
    changes: Readonly<Record<string, unknown>>,
    changed: (settings: ChatSettings) => ChatSettings,
  ): Promise<Told<ChatSettings>> {
    const { store } = this.#deps.chat;
    const { channelId } = channel;
    await this.audit(channelId, asker, { type: 'settings', changes });
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const before = await store.settings(channelId);
      const result = await store.changeSettings(channelId, changed(before), before.version);
      if (result === undefined) continue;
      const shown = await this.#tell(channel, `settings ${channelId}`, async (bus, place) =>
        // By the time that it is told, somebody else may have changed more.
        bus.setSettings(place, await store.settings(channelId)),
      );
      return { result, shown };
    }
    throw new HttpProblem(
      409,
      'Others are changing these settings at the same time: look at them, and try again.',
    );
  }

  /** Who is in the chat of a broadcast that is private now, and not its broadcaster, leaves. */
  async hide(broadcast: Broadcast): Promise<void> {
    const { broadcastId, state } = broadcast;
    const shard = state === 'ended' ? undefined : await this.#deps.homes.shardOf(broadcast);
    if (shard === undefined) return;
    await this.#deps.untold.tell(shard, `hide ${broadcastId}`, (bus) =>
      bus.order({ type: 'hide', broadcastId }),
    );
  }

  async addModerator(asker: ChatAuthor, channelId: string, { personId, name }: Whom): Promise<void> {
    const { chat, people, clock } = this.#deps;
    await this.audit(channelId, asker, { type: 'moderator', personId }, { name });
    const moderator: Moderator = { personId, name, by: asker.name, at: clock.now() };
    await chat.store.addModerator(channelId, moderator);
    people.changed(channelId, personId);
  }

  async removeModerator(asker: ChatAuthor, channelId: string, personId: string): Promise<void> {
    const { chat, people } = this.#deps;
    const known = (await chat.store.moderators(channelId)).find((each) => each.personId === personId);
    await this.audit(channelId, asker, { type: 'no-moderator', personId }, known);
    await chat.store.removeModerator(channelId, personId);
    people.changed(channelId, personId);
  }

  /** Two at the same moment may both be let in: the bound is no promise to the last one. */
  async refuseFull(scope: ChatScope, ban: Ban): Promise<void> {
    const room = banRoomOf(scope);
    if (hasRoom(ban, await this.#deps.chat.store.bans(scope), room)) return;
    const where = scope === platformScope ? 'The platform' : 'This channel';
    throw new HttpProblem(
      409,
      isLasting(ban)
        ? `${where} has ${room.lasting.toLocaleString('en')} lasting bans, and no more can be kept: lift some, or ban for a time.`
        : `${where} has ${room.timeouts.toLocaleString('en')} bans for a time under way, and no more can be kept: lift some, or wait until some are over.`,
    );
  }

  async audit(
    scope: string,
    { id: personId, name, role }: ChatAuthor,
    action: AuditAction,
    whom: { readonly name?: string | undefined } = {},
    reason?: string,
  ): Promise<void> {
    const { chat, clock, newId } = this.#deps;
    const entry: AuditEntry = {
      id: newId(),
      at: clock.now(),
      by: { personId, name, role },
      action,
      ...(whom.name === undefined ? {} : { name: whom.name }),
      ...(reason === undefined ? {} : { reason }),
    };
    await chat.store.audit(scope, entry);
  }

  /** The broadcast of a channel that is under way, if its chat is anywhere. */
  async current({
    currentBroadcastId,
  }: Channel): Promise<{ readonly shard: string; readonly place: Place } | undefined> {
    if (currentBroadcastId === undefined) return undefined;
    const broadcast = await this.#deps.broadcasts.get(currentBroadcastId);
    if (broadcast === undefined || broadcast.state === 'ended') return undefined;
    const { broadcastId, channelId } = broadcast;
    const shard = await this.#deps.homes.shardOf(broadcast);
    return shard === undefined ? undefined : { shard, place: { broadcastId, channelId } };
  }

  async #tell(
    channel: Channel,
    about: string,
    word: (bus: PostBus, place: Place) => Promise<void>,
  ): Promise<boolean> {
    const current = await this.current(channel);
    if (current === undefined) return true;
    const { shard, place } = current;
    return this.#deps.untold.tell(shard, `${about} ${place.broadcastId}`, (bus) => word(bus, place));
  }

  async #refuseBelow(
    asker: ChatAuthor,
    owned: Owned,
    personId: string | undefined,
    what: string,
  ): Promise<void> {
    if (personId === undefined || personId === asker.id) return;
    if (!outranks(asker.role, await this.#deps.people.roleOf(owned, personId))) throw notAbove(what);
  }

  /** Nobody is told that something is deleted which stays in the recording. */
  #refuseOld(saidAt: number | undefined): void {
    if (saidAt === undefined || saidAt > this.#deps.clock.now() - changeableForMs) return;
    throw new HttpProblem(
      409,
      `This was said more than ${changeableForMs / 86_400_000} days ago: it can’t be taken out of the recording any more. You can make the recording private.`,
    );
  }

  /** The screens, and the note for the archive: what is listed is looked at again, ended broadcasts too. */
  async #removed(
    broadcast: Broadcast,
    about: string,
    word: (bus: PostBus) => Promise<void>,
  ): Promise<boolean> {
    const { broadcasts, chat, homes, shards, untold } = this.#deps;
    const { broadcastId, state } = broadcast;
    // What the asker was let in by is a moment old: it may have moved, and kept what is to go.
    const shard = await homes.shardOf((await broadcasts.get(broadcastId)) ?? broadcast);
    if (shard === undefined) return true;
    const note = (): Promise<void> => {
      // The shard of an old recording may be gone, and with it who would read the note: then any other does it.
      const serving = shards.all.filter(({ tasks }) => tasks > 0).map((each) => each.shard);
      const reader = serving.includes(shard) ? shard : (serving[0] ?? shard);
      return chat.unarchived.add(reader, broadcastId);
    };
    await note();
    if (state === 'ended') return true;
    return untold.tell(shard, `remove ${broadcastId} ${about}`, async (bus) => {
      await word(bus);
      // What was said in the meantime was removed as well.
      await note();
    });
  }
}

export function newBan(
  ban: Whom & {
    readonly asker: ChatAuthor;
    readonly forS?: number | undefined;
    readonly now: number;
  },
): Ban {
  const { asker, personId, name, reason, forS, now } = ban;
  return {
    personId,
    name,
    by: asker.name,
    at: now,
    ...(forS === undefined ? {} : { until: now + forS * 1_000 }),
    ...(reason === undefined ? {} : { reason }),
  };
}

const notAbove = (what: string): HttpProblem =>
  new HttpProblem(403, `They are staff here as you are, or more: only who is above them can ${what}.`);

export interface ModerationOptions {
  readonly chat: Pick<ChatParts, 'store' | 'messages' | 'unarchived'>;
  readonly broadcasts: Pick<Broadcasts, 'get'>;
  readonly people: People;
  readonly homes: Homes;
  readonly shards: Pick<Shards, 'all'>;
  readonly untold: Untold;
  readonly clock: { now(): number };
  readonly newId: () => string;
}
