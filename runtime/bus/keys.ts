/**
 * Names in Redis. All that belongs to a broadcast begins with its place, whose braces put it into one slot. The
 * scripts weigh a post against the whole shard as well and name those keys themselves, so a shard's Redis is one
 * primary (with replicas), not a cluster.
 */
export const placeKey = (broadcastId: string): string => `chat:{${broadcastId}}`;

/** What is published of a broadcast: the same name as its place. */
export const broadcastChannel = placeKey;

export const broadcastOf = (channel: string): string => channel.slice('chat:{'.length, -1);

/** TaskOrders. */
export const ordersChannel = 'chat:orders';

export const leaseKey = (name: string): string => `chat:lease:${name}`;
