import { DeleteCommand, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Broadcast, Channel } from '../../../core/broadcast/types.ts';
import type { EncodingPlan, InputState } from '../../../core/media/flow.ts';
import type { TableNames } from '../../../core/tables.ts';
import { shelfOf, storable, toBroadcast, type BroadcastItem } from './broadcast-item.ts';
import { chosenShard, type ChooseShard } from './broadcast-shard.ts';
import { reach, reachIf, TableError, type TableClient } from './client.ts';

/**
 * Who holds a broadcast. Every write is conditional on the session that the writer believes to be the newest
 * (the fence), so that of two tasks that both think they hold it, one finds out with its next word.
 */
export interface Sessions {
  openSession(options: OpenSession): Promise<{ readonly broadcast: Broadcast; readonly resumed: boolean }>;
  /** The heartbeat. What it returns is the item as it is now: title and visibility may have changed. */
  report(
    options: Report,
  ): Promise<{ readonly kind: 'held'; readonly broadcast: Broadcast } | { readonly kind: 'lost' }>;
  /** `lost`: another session has it, or it was ended by another one. The same call again is `ended` again. */
  end(options: End): Promise<'ended' | 'lost'>;
  /** Forgets a broadcast that never had a plan, so never a picture. */
  discard(options: { readonly broadcastId: string; readonly session: number }): Promise<'discarded' | 'lost'>;
  /** For recovery: makes a silent broadcast the caller's. Undefined when it was not silent after all. */
  takeOver(options: TakeOver): Promise<Broadcast | undefined>;
}

export interface OpenSession {
  /** As read when its key was checked. */
  readonly channel: Channel;
  readonly taskId: string;
  readonly slot: string;
  readonly now: number;
  readonly graceMs: number;
  /** Ids of broadcasts: ULIDs in lower case (lists are ordered by them). */
  readonly newId: () => string;
  /** Continue this one, or nothing: NothingToContinueError. For a task that takes no new broadcasts. */
  readonly only?: string | undefined;
  /** Asked when a broadcast begins, never when one is continued. */
  readonly chooseShard?: ChooseShard | undefined;
}

/** The broadcast that alone was to be continued has ended, is past its grace window, or is not the channel's any more. */
export class NothingToContinueError extends Error {
  override readonly name = 'NothingToContinueError';
}

export interface Report {
  readonly broadcastId: string;
  readonly session: number;
  readonly now: number;
  readonly state: 'live' | 'interrupted';
  readonly encoderSeenAt: number;
  /** From the first report with a plan on, a public broadcast is in the directory. */
  readonly plan?: EncodingPlan | undefined;
  readonly input?: InputState | undefined;
  readonly hasThumbnail?: boolean | undefined;
}

export interface End {
  readonly broadcastId: string;
  readonly session: number;
  readonly endedAt: number;
  /** 0 when nothing was recorded: then it is in no list but the owner's. */
  readonly durationS: number;
}

export interface TakeOver {
  readonly broadcastId: string;
  readonly expectedSession: number;
  readonly expectedSeenAt: number;
  readonly taskId: string;
  readonly slot: string;
  readonly now: number;
}

/** `#state` stands for the attribute `state`: it and others of ours are reserved words of DynamoDB. */
const namesIn = (expression: string): Record<string, string> =>
  Object.fromEntries([...expression.matchAll(/#(\w+)/g)].map(([name, attribute]) => [name, attribute ?? '']));

/** Each attempt fails only because somebody else's write succeeded in between. */
const maxAttempts = 10;

export function createSessions(options: {
  readonly client: TableClient;
  readonly tables: TableNames;
}): Sessions {
  const { client, tables } = options;

  const read = async (broadcastId: string): Promise<BroadcastItem | undefined> => {
    const command = new GetCommand({
      TableName: tables.broadcasts,
      Key: { broadcastId },
      ConsistentRead: true,
    });
    return (await reach('read a broadcast', client.send(command))).Item as BroadcastItem | undefined;
  };

  const readChannel = async (channelId: string): Promise<Channel | undefined> => {
    const command = new GetCommand({ TableName: tables.channels, Key: { channelId }, ConsistentRead: true });
    return (await reach('read a channel', client.send(command))).Item as Channel | undefined;
  };

  /** Writes a broadcast on a condition; undefined when it does not hold. */
  const change = async (
    doing: string,
    broadcastId: string,
    expression: {
      readonly update: string;
      readonly condition: string;
      readonly values: Readonly<Record<string, unknown>>;
    },
  ): Promise<Broadcast | undefined> => {
    const output = await reachIf(
      doing,
      client.send(
        new UpdateCommand({
          TableName: tables.broadcasts,
          Key: { broadcastId },
          UpdateExpression: expression.update,
          ConditionExpression: expression.condition,
          ExpressionAttributeNames: namesIn(expression.update + expression.condition),
          ExpressionAttributeValues: expression.values,
          ReturnValues: 'ALL_NEW',
        }),
      ),
    );
    return output === undefined ? undefined : toBroadcast(output.Attributes as BroadcastItem);
  };

  const resume = (current: Broadcast, { taskId, slot, now }: OpenSession): Promise<Broadcast | undefined> =>
    change('continue a broadcast', current.broadcastId, {
      update:
        'SET #session = :next, #state = :live, taskId = :task, slot = :slot, seenAt = :now, encoderSeenAt = :now ' +
        // What the connection before sent is not what this one sends.
        'REMOVE #input',
      condition: '#session = :session AND #state <> :ended AND attribute_not_exists(superseded)',
      values: {
        ':session': current.session,
        ':next': current.session + 1,
        ':live': 'live',
        ':ended': 'ended',
        ':task': taskId,
        ':slot': slot,
        ':now': now,
      },
    });

  /**
   * Its time is over, but ending it is not ours: who holds it has an archive to close, or recovery has. From
   * here on it can't become live again, so that the channel never has two live broadcasts.
   */
  const supersede = (current: Broadcast): Promise<Broadcast | undefined> =>
    change('supersede a broadcast', current.broadcastId, {
      update: 'SET #state = :interrupted, superseded = :true',
      condition: '#session = :session AND #state <> :ended AND encoderSeenAt = :encoderSeenAt',
      values: {
        ':session': current.session,
        ':encoderSeenAt': current.encoderSeenAt,
        ':interrupted': 'interrupted',
        ':ended': 'ended',
        ':true': true,
      },
    });

  const point = async (channel: Channel, broadcastId: string): Promise<boolean> => {
    const old = channel.currentBroadcastId;
    const output = await reachIf(
      'name the current broadcast of a channel',
      client.send(
        new UpdateCommand({
          TableName: tables.channels,
          Key: { channelId: channel.channelId },
          UpdateExpression: 'SET currentBroadcastId = :new',
          ConditionExpression: `ownerId = :owner AND ${
            old === undefined ? 'attribute_not_exists(currentBroadcastId)' : 'currentBroadcastId = :old'
          }`,
          ExpressionAttributeValues: {
            ':new': broadcastId,
            ':owner': channel.ownerId,
            ...(old === undefined ? {} : { ':old': old }),
          },
        }),
      ),
    );
    if (output !== undefined) return true;
    // A lost answer, asked again by the SDK, looks like a refusal: the channel itself knows.
    return (await readChannel(channel.channelId))?.currentBroadcastId === broadcastId;
  };

  /** A new broadcast, once the channel points at it; undefined when another one was faster. */
  const begin = async (channel: Channel, opening: OpenSession): Promise<Broadcast | undefined> => {
    const { taskId, slot, now } = opening;
    const shard = await chosenShard(opening.chooseShard);
    const item: BroadcastItem = {
      broadcastId: opening.newId(),
      channelId: channel.channelId,
      ownerId: channel.ownerId,
      channelName: channel.name,
      title: channel.title,
      visibility: channel.visibility,
      state: 'live',
      startedAt: now,
      session: 1,
      slot,
      taskId,
      seenAt: now,
      encoderSeenAt: now,
      unended: 'yes',
      ...(shard === undefined ? {} : { shard }),
      ...(channel.visibility === 'public' ? { listing: 'public' } : {}),
    };
    // The broadcast first, then the pointer: after a crash in between, recovery finds an empty broadcast that
    // no list has shown, and ends it.
    await reach(
      'write a broadcast',
      client.send(new PutCommand({ TableName: tables.broadcasts, Item: { ...item } })),
    );
    if (await point(channel, item.broadcastId)) return toBroadcast(item);
    const removed = await reachIf(
      'remove a broadcast that came second',
      client.send(
        new DeleteCommand({
          TableName: tables.broadcasts,
          Key: { broadcastId: item.broadcastId },
          ConditionExpression: 'taskId = :task',
          ExpressionAttributeValues: { ':task': taskId },
        }),
      ),
    );
    if (removed === undefined) {
      // Recovery took it over while this task hung, and will end it; no channel points at it, so it must not
      // come to life beside the one that came first.
      await change('supersede a broadcast that came second', item.broadcastId, {
        update: 'SET #state = :interrupted, superseded = :true',
        condition: 'attribute_exists(broadcastId) AND #state <> :ended',
        values: { ':interrupted': 'interrupted', ':ended': 'ended', ':true': true },
      });
    }
    return undefined;
  };

  const clearPointer = ({ channelId, broadcastId }: Broadcast): Promise<unknown> =>
    reachIf(
      'clear the current broadcast of a channel',
      client.send(
        new UpdateCommand({
          TableName: tables.channels,
          Key: { channelId },
          UpdateExpression: 'REMOVE currentBroadcastId',
          ConditionExpression: 'currentBroadcastId = :id',
          ExpressionAttributeValues: { ':id': broadcastId },
        }),
      ),
    );

  return {
    async openSession(opening) {
      let { channel } = opening;
      for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
        const id = channel.currentBroadcastId;
        const current = id === undefined ? undefined : await read(id);
        const underWay = current !== undefined && current.state !== 'ended';
        const resumable =
          underWay && current.superseded !== true && opening.now - current.encoderSeenAt <= opening.graceMs;
        if (opening.only !== undefined && !(resumable && id === opening.only))
          throw new NothingToContinueError(`broadcast ${opening.only} can't be continued`);
        if (resumable) {
          const broadcast = await resume(current, opening);
          if (broadcast !== undefined) return { broadcast, resumed: true };
        } else if (!underWay || current.superseded === true || (await supersede(current)) !== undefined) {
          const broadcast = await begin(channel, opening);
          if (broadcast !== undefined) return { broadcast, resumed: false };
        }
        const again = await readChannel(channel.channelId);
        if (again === undefined) throw new TableError(`there is no channel ${channel.channelId} any more`);
        channel = again;
      }
      throw new TableError(`channel ${channel.channelId} is being connected to from too many places at once`);
    },

    async report({ broadcastId, session, now, state, encoderSeenAt, plan, input, hasThumbnail }) {
      const optional = {
        ...(plan === undefined ? {} : { plan: storable(plan), shelf: shelfOf('live', broadcastId) }),
        ...(input === undefined ? {} : { input: storable(input) }),
        ...(hasThumbnail === undefined ? {} : { hasThumbnail }),
      };
      const sets = Object.keys(optional).map((name) => `, #${name} = :${name}`);
      const broadcast = await change('report on a broadcast', broadcastId, {
        update: `SET #state = :state, seenAt = :now, encoderSeenAt = :encoderSeenAt${sets.join('')}`,
        condition: `#session = :session AND #state <> :ended${
          state === 'live' ? ' AND attribute_not_exists(superseded)' : ''
        }`,
        values: {
          ':session': session,
          ':state': state,
          ':ended': 'ended',
          ':now': now,
          ':encoderSeenAt': encoderSeenAt,
          ...Object.fromEntries(Object.entries(optional).map(([name, value]) => [`:${name}`, value])),
        },
      });
      return broadcast === undefined ? { kind: 'lost' } : { kind: 'held', broadcast };
    },

    async end({ broadcastId, session, endedAt, durationS }) {
      const kept = durationS > 0;
      const ended = await change('end a broadcast', broadcastId, {
        update: `SET #state = :ended, endedAt = :endedAt, durationS = :durationS${
          kept ? ', shelf = :shelf' : ''
        } REMOVE unended, #input${kept ? '' : ', shelf'}`,
        condition: '#session = :session AND #state <> :ended',
        values: {
          ':session': session,
          ':ended': 'ended',
          ':endedAt': endedAt,
          ':durationS': durationS,
          ...(kept ? { ':shelf': shelfOf('recording', broadcastId) } : {}),
        },
      });
      // Ended by this very call, whose answer was lost, or by an earlier one that did not get to the pointer.
      const broadcast = ended ?? (await read(broadcastId));
      if (broadcast?.state !== 'ended' || broadcast.session !== session) return 'lost';
      await clearPointer(broadcast);
      return 'ended';
    },

    async discard({ broadcastId, session }) {
      const broadcast = await read(broadcastId);
      if (broadcast !== undefined) {
        const deleted = await reachIf(
          'discard a broadcast',
          client.send(
            new DeleteCommand({
              TableName: tables.broadcasts,
              Key: { broadcastId },
              ConditionExpression:
                'attribute_not_exists(broadcastId) OR (#session = :session AND attribute_not_exists(#plan))',
              ExpressionAttributeNames: { '#session': 'session', '#plan': 'plan' },
              ExpressionAttributeValues: { ':session': session },
            }),
          ),
        );
        if (deleted === undefined) return 'lost';
        // A crash before this leaves a pointer to nothing, which the next session takes for none.
        await clearPointer(broadcast);
      }
      return 'discarded';
    },

    takeOver: ({ broadcastId, expectedSession, expectedSeenAt, taskId, slot, now }) =>
      change('take over a broadcast', broadcastId, {
        update: 'SET #session = :next, #state = :interrupted, taskId = :task, slot = :slot, seenAt = :now',
        condition: '#session = :session AND seenAt = :seenAt AND #state <> :ended',
        values: {
          ':session': expectedSession,
          ':next': expectedSession + 1,
          ':seenAt': expectedSeenAt,
          ':interrupted': 'interrupted',
          ':ended': 'ended',
          ':task': taskId,
          ':slot': slot,
          ':now': now,
        },
      }),
  };
}
