import { DeleteCommand, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Channel, Visibility } from '../../../core/broadcast/types.ts';
import type { TableNames } from '../../../core/tables.ts';
import { reach, reachIf, type TableClient } from './client.ts';
import { getAll } from './get-all.ts';

export interface ChannelChanges {
  readonly name?: string | undefined;
  readonly title?: string | undefined;
  readonly visibility?: Visibility | undefined;
}

export interface Channels {
  /** `limit`: the owner has that many channels already. */
  create(channel: Channel, maxPerOwner: number): Promise<'created' | 'limit'>;
  get(channelId: string): Promise<Channel | undefined>;
  /** Oldest first. */
  listByOwner(ownerId: string): Promise<readonly Channel[]>;
  /** The channel as it is now; undefined when there is none of this owner. */
  update(channelId: string, ownerId: string, changes: ChannelChanges): Promise<Channel | undefined>;
  /** The old key is dead as soon as this is written: keys are compared with a strongly consistent read. */
  renewKey(channelId: string, ownerId: string, keyHash: string, now: number): Promise<Channel | undefined>;
}

const ownerKey = (ownerId: string): string => `owner#${ownerId}`;

export function createChannels(options: {
  readonly client: TableClient;
  readonly tables: TableNames;
}): Channels {
  const { client, tables } = options;
  const TableName = tables.channels;

  const change = async (
    doing: string,
    channelId: string,
    ownerId: string,
    values: Readonly<Record<string, unknown>>,
  ): Promise<Channel | undefined> => {
    const names = Object.keys(values).filter((name) => values[name] !== undefined);
    const output = await reachIf(
      doing,
      client.send(
        new UpdateCommand({
          TableName,
          Key: { channelId },
          UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
          ConditionExpression: '#owner = :owner',
          ExpressionAttributeNames: {
            '#owner': 'ownerId',
            ...Object.fromEntries(names.map((name) => [`#${name}`, name])),
          },
          ExpressionAttributeValues: {
            ':owner': ownerId,
            ...Object.fromEntries(names.map((name) => [`:${name}`, values[name]])),
          },
          ReturnValues: 'ALL_NEW',
        }),
      ),
    );
    return output?.Attributes as Channel | undefined;
  };

  const get = async (channelId: string): Promise<Channel | undefined> => {
    const command = new GetCommand({ TableName, Key: { channelId }, ConsistentRead: true });
    return (await reach('read a channel', client.send(command))).Item as Channel | undefined;
  };

  return {
    async create(channel, maxPerOwner) {
      // The channel first, then its place in the owner's set, which is what counts: a crash in between leaves
      // a channel whose key nobody has ever seen, and the limit holds whatever runs at the same time.
      await reach('write a channel', client.send(new PutCommand({ TableName, Item: { ...channel } })));
      const claimed = await reachIf(
        'count the channels of an owner',
        client.send(
          new UpdateCommand({
            TableName,
            Key: { channelId: ownerKey(channel.ownerId) },
            UpdateExpression: 'ADD channelIds :ids',
            // `contains`: the same call again, after a lost answer, is not one channel more.
            ConditionExpression:
              'attribute_not_exists(channelIds) OR size(channelIds) < :max OR contains(channelIds, :id)',
            ExpressionAttributeValues: {
              ':ids': new Set([channel.channelId]),
              ':id': channel.channelId,
              ':max': maxPerOwner,
            },
          }),
        ),
      );
      if (claimed !== undefined) return 'created';
      const undo = new DeleteCommand({ TableName, Key: { channelId: channel.channelId } });
      await reach('remove a channel over the limit', client.send(undo));
      return 'limit';
    },

    get,

    async listByOwner(ownerId) {
      const command = new GetCommand({
        TableName,
        Key: { channelId: ownerKey(ownerId) },
        ConsistentRead: true,
      });
      const { Item: owner } = await reach('read the channels of an owner', client.send(command));
      const ids = [...((owner?.['channelIds'] as ReadonlySet<string> | undefined) ?? [])].sort();
      return getAll<Channel>({ client, table: TableName, keyName: 'channelId', ids });
    },

    update(channelId, ownerId, changes) {
      const { name, title, visibility } = changes;
      return Object.values(changes).every((value) => value === undefined)
        ? get(channelId).then((channel) => (channel?.ownerId === ownerId ? channel : undefined))
        : change('update a channel', channelId, ownerId, { name, title, visibility });
    },

    renewKey: (channelId, ownerId, keyHash, now) =>
      change('renew a stream key', channelId, ownerId, { keyHash, keyCreatedAt: now }),
  };
}
