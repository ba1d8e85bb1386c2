import {
  BusError,
  type Admission,
  type Place,
  type PostBus,
  type Standing,
  type TaskOrder,
} from '../../core/chat/bus.ts';
import type { ChatLimits } from '../../core/chat/limits.ts';
import { defaultPlatformChat, type Ban, type ChatSettings, type PlatformChat } from '../../core/chat/mode.ts';
import { standingOf, type Control } from '../../core/chat/protocol.ts';
import { hashOf } from './idempotency.ts';
import { ordersChannel, placeKey } from './keys.ts';
import { Link, type BusAddress } from './link.ts';
import { Releases } from './releases.ts';
import { listOf, numberOf, textOf, textsOf } from './reply.ts';
import * as moderate from './scripts/moderate.ts';
import * as order from './scripts/order.ts';
import { handOver, takeOver } from './scripts/moving.ts';
import * as post from './scripts/post.ts';
import { viewers } from './scripts/presence.ts';
import { run, type Script } from './scripts/script.ts';
import * as shard from './scripts/shard.ts';
import { keptArgs, memberOf, settingsArgs, untilOf } from './wire.ts';

const platformKey = 'chat:platform';

/** Passing ones: who reconnects hears the next of them, or has no use for it. */
const passing: ReadonlySet<Control['type']> = new Set(['viewers', 'link', 'leave']);

/**
 * The API's side of a shard's Redis, over one connection.
 *
 * After a BusError what was asked may have happened. What a caller does then:
 *
 *   standing, viewers, …    ask again, or refuse the post (`unavailable`)
 *   admit      refuse the post (`unavailable`). An id that was given all the same is given up when others want to
 *              pass it, its tokens come back with time; the same idempotency key gets the same id while it is in flight.
 *   publish    ask again with the same message, a few times: it goes out once. After `publishWithinMs` it does not
 *              go out any more: take it out of the store, refuse the post, and `takeBack` as soon as Redis answers: it
 *              may have gone out after all. The client's retry with its idempotency key is admitted `again` and is
 *              late, or anew; or was told before that it is `posted`: then it goes into the store again.
 *   withdraw   nothing: the id is given up when others want to pass it.
 *   the rest   ask again: all of it may be said twice.
 *
 * Who was admitted `again` does not withdraw, and takes back as such: the first one may be publishing it at this
 * moment. And who has published it `again` asks for the standing, so that the first one, who may be about to give
 * it up, hears that it was answered.
 */
export function openPostBus(
  options: BusAddress & {
    /** Bans end by it: the clock of those who make them. */
    readonly clock: { now(): number };
  },
): PostBus {
  const { clock } = options;
  const link = new Link({ address: options });
  const ask = (script: Script, broadcastId: string, ...args: readonly string[]): Promise<unknown> =>
    run(link, script, placeKey(broadcastId), args);
  const releases = new Releases((broadcastId) => ask(order.release, broadcastId));
  const askAndRelease = async (
    script: Script,
    broadcastId: string,
    ...args: readonly string[]
  ): Promise<void> => releases.in(broadcastId, numberOf(await ask(script, broadcastId, ...args)));
  const tellIn = (key: string, control: Control, personId?: string): Promise<unknown> =>
    run(link, moderate.tellControl, key, [
      JSON.stringify(control),
      personId === undefined ? '' : JSON.stringify(personId),
      passing.has(control.type) ? '0' : '1',
    ]);

  return {
    async standing({ broadcastId, personId, idempotencyKey }): Promise<Standing> {
      const reply = listOf(
        await ask(
          post.standing,
          broadcastId,
          personId,
          hashOf(personId, idempotencyKey),
          String(Math.floor(clock.now())),
        ),
      );
      if (reply[0] === 'cold' || reply[0] === 'moved') return { kind: reply[0] };
      const [settings = '', platform = '', ban = ''] = reply.slice(1, 4).map(textOf);
      const posted = textOf(reply[5]);
      releases.in(broadcastId, numberOf(reply[6]));
      return {
        kind: 'known',
        settings: settingsOf(settings),
        platform: platformOf(platform),
        ...(ban === '' ? {} : { ban: ban === '0' ? {} : { until: Number(ban) } }),
        slowForMs: numberOf(reply[4]),
        ...(posted === '' ? {} : { posted }),
      };
    },

    async admit({ broadcastId, personId, role, idempotencyKey }): Promise<Admission> {
      const hash = hashOf(personId, idempotencyKey);
      const now = String(Math.floor(clock.now()));
      return admissionOf(listOf(await ask(post.admit, broadcastId, personId, role, hash, now)));
    },

    async publish(broadcastId, message) {
      const [answer, holdMs] = listOf(await ask(order.publish, broadcastId, message.id, memberOf(message)));
      releases.in(broadcastId, numberOf(holdMs));
      return answer === 'published' || answer === 'cold' ? answer : 'late';
    },

    withdraw: ({ broadcastId, personId, role }, id) =>
      askAndRelease(post.withdraw, broadcastId, id, personId, role),

    async takeBack({ broadcastId, personId, idempotencyKey }, id, by = 'publisher') {
      const control: Control = { type: 'delete', ids: [id] };
      const [answer, holdMs] = listOf(
        await ask(
          post.takeBack,
          broadcastId,
          id,
          hashOf(personId, idempotencyKey),
          by,
          JSON.stringify(control),
        ),
      );
      releases.in(broadcastId, numberOf(holdMs));
      return answer === 'answered' || answer === 'cold' ? answer : 'gone';
    },

    async epoch(broadcastId) {
      return textOf(await ask(order.epoch, broadcastId));
    },

    async warm({ broadcastId, settings, platform, bans, platformBans, kept, keys, epoch = '' }) {
      const bansArgs = (all: readonly Ban[]): readonly string[] => [
        String(all.length),
        ...all.flatMap((ban) => [ban.personId, untilOf(ban)]),
      ];
      const answer = await ask(
        moderate.warm,
        broadcastId,
        epoch,
        ...settingsArgs(settings),
        ...platformArgs(platform),
        ...bansArgs(bans),
        ...bansArgs(platformBans),
        ...keptArgs(kept, keys),
      );
      return answer === 0 ? 'stale' : 'warm';
    },

    async setSettings({ broadcastId }: Place, settings: ChatSettings) {
      await ask(moderate.setSettings, broadcastId, ...settingsArgs(settings));
    },

    setBan: ({ broadcastId }, ban) =>
      askAndRelease(
        moderate.setBan,
        broadcastId,
        ban.personId,
        untilOf(ban),
        JSON.stringify(standingOf(ban)),
        JSON.stringify(ban.personId),
      ),

    liftBan: ({ broadcastId }, personId) =>
      askAndRelease(
        moderate.setBan,
        broadcastId,
        personId,
        '-',
        JSON.stringify(free),
        JSON.stringify(personId),
      ),

    async setPlatform(platform, platformBans) {
      const [places = [], banned = [], freed = []] = listOf(
        await run(link, shard.setPlatform, platformKey, [
          ...platformArgs(platform),
          ...platformBans.flatMap((ban) => [ban.personId, untilOf(ban)]),
        ]),
      ).map(textsOf);
      const changed = new Set(banned);
      const told = [
        ...platformBans.flatMap((ban) =>
          changed.has(ban.personId) ? [{ personId: ban.personId, control: standingOf(ban) }] : [],
        ),
        ...freed.map((personId) => ({ personId, control: free })),
      ];
      for (const key of places)
        // All places of a shard at once would keep others waiting.
        await Promise.all([
          run(link, moderate.tellMode, key),
          ...told.map(({ personId, control }) => tellIn(key, control, personId)),
        ]);
    },

    async remove(broadcastId, ids) {
      const control: Control = { type: 'delete', ids };
      await askAndRelease(moderate.remove, broadcastId, JSON.stringify(control), ...ids);
    },

    async purge(broadcastId, personId) {
      const [until, holdMs] = listOf(
        await ask(moderate.purge, broadcastId, personId, JSON.stringify(personId)),
      );
      releases.in(broadcastId, numberOf(holdMs));
      return textOf(until);
    },

    async tell(broadcastId, control, personId) {
      await tellIn(placeKey(broadcastId), control, personId);
    },

    async setLimits(limits) {
      await run(link, shard.setLimits, platformKey, limitsArgs(limits));
    },

    async viewers(broadcastIds) {
      const counts = await Promise.all(broadcastIds.map((id) => ask(viewers, id)));
      return new Map(
        broadcastIds.flatMap((id, at) => {
          const count = numberOf(counts[at]);
          return count === 0 ? [] : [[id, count] as const];
        }),
      );
    },

    async order(taskOrder: TaskOrder) {
      return numberOf(await run(link, shard.sayTo, ordersChannel, [JSON.stringify(taskOrder)]));
    },

    async handOver(broadcastId) {
      await ask(handOver, broadcastId);
    },

    async takeOver(broadcastId) {
      await ask(takeOver, broadcastId);
    },

    async platformDemand() {
      return numberOf(await run(link, shard.lastSecond, `${platformKey}:asked`));
    },

    async platformRefused() {
      return numberOf(await run(link, shard.lastSecond, `${platformKey}:refused`));
    },

    async setPlatformShare(perS) {
      await link.send(['HSET', platformKey, 'share', String(perS)]);
    },

    close: () => {
      releases.close();
      link.close();
      return Promise.resolve();
    },
  };
}

const free: Control = { type: 'standing', state: 'free' };

const platformArgs = (platform: PlatformChat): readonly string[] => [
  JSON.stringify(platform),
  String(platform.version),
  platform.off ? '1' : '0',
];

const limitsArgs = ({ person, channel, platform }: ChatLimits): readonly string[] =>
  Object.entries({ person, channel, platform }).flatMap(([name, { perS, burst }]) => [
    `${name}PerS`,
    String(perS),
    `${name}Burst`,
    String(burst),
  ]);

// Both were written by settingsArgs and platformArgs.
const settingsOf = (text: string): ChatSettings => JSON.parse(text) as ChatSettings;

const platformOf = (text: string): PlatformChat =>
  text === '' ? defaultPlatformChat : (JSON.parse(text) as PlatformChat);

const reasons = [
  'banned',
  'timeout',
  'chat-off',
  'slow-mode',
  'person-limit',
  'channel-limit',
  'platform-limit',
] as const;

function admissionOf([kind, first, second]: readonly unknown[]): Admission {
  switch (kind) {
    case 'cold':
    case 'moved':
      return { kind };
    case 'posted':
      return { kind, id: textOf(first) };
    case 'admitted':
      return { kind, id: textOf(first), again: second === 1 };
    case 'refused': {
      const reason = reasons.find((known) => known === first);
      const retryAfterMs = numberOf(second);
      if (reason !== undefined)
        return { kind, reason, ...(retryAfterMs < 0 ? {} : { retryAfterMs: Math.max(1, retryAfterMs) }) };
      break;
    }
    default:
  }
  throw new BusError('Redis answered what nobody understands to a wish to post');
}
