import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { FencedError, type FleetStore, type Lease } from '../../../core/fleet/ports.ts';
import { leaseSkewMs } from '../../../core/fleet/ports.ts';
import { reach, reachIf, type TableClient } from './client.ts';
import { leaseKey } from './fleet-items.ts';

/** The lease item. It stays when nobody holds the lease, so that fences go on rising. */
interface LeaseItem {
  readonly fence: number;
  /** Absent: released. */
  readonly holder?: string;
  /** By the holder's clock. */
  readonly heldUntil: number;
  readonly leaseMs: number;
  /** Rises with each renewal. */
  readonly renewals: number;
}

export interface Leases extends Pick<FleetStore, 'acquireLease' | 'renewLease' | 'releaseLease'> {
  /** @throws FencedError when a newer holder has taken the lease, or this one gave it back. */
  check(lease: Lease): Promise<void>;
}

/**
 * When another holder's lease may be taken:
 *
 * - it was given back, or it is the taker's own (its answer got lost);
 * - it ended by the taker's clock, and `leaseSkewMs` more. A holder whose clock is behind by more than that is
 *   overtaken too early: its writes into the table are refused from then on (`check`), and its calls to the
 *   infrastructure are idempotent, so what is left is two schedulers' calls side by side for one pass;
 * - or nobody has renewed it for its length, as seen here. That ends a lease whose holder's clock was ahead.
 */
export function createLeases(options: { readonly client: TableClient; readonly table: string }): Leases {
  const { client, table: TableName } = options;
  let seen: { readonly fence: number; readonly renewals: number; readonly at: number } | undefined;

  const read = async (): Promise<LeaseItem | undefined> => {
    const command = new GetCommand({ TableName, Key: leaseKey, ConsistentRead: true });
    const { Item: item } = await reach('read the lease of the scheduler', client.send(command));
    return item as LeaseItem | undefined;
  };

  const isFree = (item: LeaseItem, holder: string, now: number): boolean => {
    if (item.holder === undefined || item.holder === holder) return true;
    if (now >= item.heldUntil + leaseSkewMs) return true;
    if (seen?.fence !== item.fence || seen.renewals !== item.renewals) {
      seen = { fence: item.fence, renewals: item.renewals, at: now };
      return false;
    }
    return now >= seen.at + item.leaseMs + leaseSkewMs;
  };

  return {
    async acquireLease({ holder, now, leaseMs }) {
      const item = await read();
      if (item !== undefined && !isFree(item, holder, now)) return undefined;
      const fence = (item?.fence ?? 0) + 1;
      const taken: LeaseItem = { fence, holder, heldUntil: now + leaseMs, leaseMs, renewals: 0 };
      const written = await reachIf(
        'take the lease of the scheduler',
        client.send(
          new PutCommand({
            TableName,
            Item: { ...leaseKey, ...taken },
            ...(item === undefined
              ? {
                  ConditionExpression: 'attribute_not_exists(#fence)',
                  ExpressionAttributeNames: { '#fence': 'fence' },
                }
              : {
                  ConditionExpression: '#fence = :fence AND #renewals = :renewals',
                  ExpressionAttributeNames: { '#fence': 'fence', '#renewals': 'renewals' },
                  ExpressionAttributeValues: { ':fence': item.fence, ':renewals': item.renewals },
                }),
          }),
        ),
      );
      if (written === undefined) {
        // Somebody was first; it may have been this very write, repeated by the SDK after its answer got lost.
        const winner = await read();
        if (winner?.holder !== holder || winner.fence !== fence) return undefined;
      }
      return { holder, fence, expiresAt: now + leaseMs };
    },

    async renewLease({ holder, fence }, now, leaseMs) {
      const written = await reachIf(
        'renew the lease of the scheduler',
        client.send(
          new UpdateCommand({
            TableName,
            Key: leaseKey,
            UpdateExpression: 'SET #heldUntil = :until, #leaseMs = :leaseMs ADD #renewals :one',
            ConditionExpression: '#holder = :holder AND #fence = :fence',
            ExpressionAttributeNames: {
              '#heldUntil': 'heldUntil',
              '#leaseMs': 'leaseMs',
              '#renewals': 'renewals',
              '#holder': 'holder',
              '#fence': 'fence',
            },
            ExpressionAttributeValues: {
              ':until': now + leaseMs,
              ':leaseMs': leaseMs,
              ':one': 1,
              ':holder': holder,
              ':fence': fence,
            },
          }),
        ),
      );
      if (written === undefined) throw new FencedError('another scheduler has taken the lease');
      return { holder, fence, expiresAt: now + leaseMs };
    },

    async releaseLease({ holder, fence }) {
      // A refusal is as good: the lease is another's, or was given back by this write's lost twin.
      await reachIf(
        'give the lease of the scheduler back',
        client.send(
          new UpdateCommand({
            TableName,
            Key: leaseKey,
            UpdateExpression: 'REMOVE #holder',
            ConditionExpression: '#holder = :holder AND #fence = :fence',
            ExpressionAttributeNames: { '#holder': 'holder', '#fence': 'fence' },
            ExpressionAttributeValues: { ':holder': holder, ':fence': fence },
          }),
        ),
      );
    },

    async check({ holder, fence }) {
      const item = await read();
      if (item?.fence !== fence || item.holder !== holder)
        throw new FencedError('another scheduler has taken the lease');
    },
  };
}
