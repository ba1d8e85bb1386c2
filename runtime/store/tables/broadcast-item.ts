import type { Broadcast } from '../../../core/broadcast/types.ts';

/** What lies in the table: a broadcast, its index attributes (core/tables.ts) and one mark of our own. */
export interface BroadcastItem extends Broadcast {
  readonly listing?: 'public';
  readonly shelf?: string;
  readonly unended?: 'yes';
  /** Another broadcast of the channel has begun: this one can only be ended any more, never be live again. */
  readonly superseded?: true;
}

export const shelfOf = (kind: 'live' | 'recording', broadcastId: string): string => `${kind}#${broadcastId}`;

export function toBroadcast(item: BroadcastItem): Broadcast {
  const { listing: _listing, shelf: _shelf, unended: _unended, superseded: _superseded, ...broadcast } = item;
  return broadcast;
}

/** Longest text kept from an encoder. Its name comes from the network. */
const maxText = 1_000;

/**
 * Measured values as the table takes them. A heartbeat must not fail because a measurement divided by zero
 * (DynamoDB has no NaN) or an encoder gave itself a long name.
 */
export function storable(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'string') return value.slice(0, maxText);
  if (Array.isArray(value)) return value.map(storable).filter((entry) => entry !== undefined);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, entry]) => {
      const kept = storable(entry);
      return kept === undefined ? [] : [[key, kept]];
    }),
  );
}
