import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { ChatStore } from '../../../core/chat/store.ts';
import { platformScope } from '../../../core/chat/store.ts';
import type { TableNames } from '../../../core/tables.ts';
import { createChatAudit } from './chat-audit.ts';
import {
  createChatItems,
  limitsEntry,
  personPlace,
  placeOf,
  prefixes,
  settingsEntry,
  type ChatKey,
} from './chat-items.ts';
import { limitsRecord, platformRecord, settingsRecord, toBan, toModerator } from './chat-records.ts';
import { createVersioned } from './chat-versioned.ts';
import { reachIf, type TableClient } from './client.ts';
import { expiryAt } from './fleet-items.ts';

const settingsKey = (channelId: string): ChatKey => ({ place: placeOf(channelId), entry: settingsEntry });
const platformKey = settingsKey(platformScope);
const limitsKey: ChatKey = { place: platformKey.place, entry: limitsEntry };
const banKey = (scope: string, personId: string): ChatKey => ({
  place: placeOf(scope),
  entry: prefixes.ban + personId,
});
const moderatorKey = (channelId: string, personId: string): ChatKey => ({
  place: placeOf(channelId),
  entry: prefixes.moderator + personId,
});
const followKey = (personId: string, channelId: string): ChatKey => ({
  place: personPlace(personId),
  entry: prefixes.follow + channelId,
});

export function createChat(options: {
  readonly client: TableClient;
  readonly tables: TableNames;
  readonly now: () => number;
}): ChatStore {
  const { client, now } = options;
  const table = options.tables.chat;
  const items = createChatItems({ client, table, now });
  const versioned = createVersioned({ client, table, items });

  return {
    settings: (channelId) => versioned.read(settingsKey(channelId), settingsRecord),
    changeSettings: (channelId, settings, fromVersion) =>
      versioned.change(settingsKey(channelId), settingsRecord, settings, fromVersion),
    platform: () => versioned.read(platformKey, platformRecord),
    changePlatform: (platform, fromVersion) =>
      versioned.change(platformKey, platformRecord, platform, fromVersion),

    async limits() {
      return limitsRecord.parse((await items.get(limitsKey)) ?? {});
    },
    changeLimits: (limits) => items.put(limitsKey, limits),

    async bans(scope) {
      const bans = (await items.list(placeOf(scope), prefixes.ban)).map(toBan);
      return bans.filter(({ until }) => until === undefined || until > now());
    },
    ban: (scope, { personId, ...ban }) =>
      items.put(banKey(scope, personId), {
        ...ban,
        ...(ban.until === undefined ? {} : { expiresAt: expiryAt(ban.until) }),
      }),
    unban: (scope, personId) => items.remove(banKey(scope, personId)),

    async moderators(channelId) {
      return (await items.list(placeOf(channelId), prefixes.moderator)).map(toModerator);
    },
    addModerator: (channelId, { personId, ...moderator }) =>
      items.put(moderatorKey(channelId, personId), moderator),
    removeModerator: (channelId, personId) => items.remove(moderatorKey(channelId, personId)),

    async followedSince(personId, channelId) {
      const item = await items.get(followKey(personId, channelId));
      return item === undefined ? undefined : Number(item['at'] ?? 0);
    },
    async follow(personId, channelId, at) {
      const command = new PutCommand({
        TableName: table,
        Item: { ...followKey(personId, channelId), at },
        ConditionExpression: 'attribute_not_exists(place)',
      });
      await reachIf('follow a channel', client.send(command));
    },
    unfollow: (personId, channelId) => items.remove(followKey(personId, channelId)),

    ...createChatAudit({ client, table, items, now }),
  };
}
