/**
 * How many people may be banned at a time. All bans of a channel are read as one list: by who wants to see them, by
 * each chat task that people join, and by whoever warms the Redis of its shard, where they lie for as long as the show
 * goes on. So there is a bound and no paging: a list that has no end could be paged for those who look at it, and
 * would still have to fit into Redis in one go.
 *
 * Measured on two cores: 10,000 bans warm in 35 ms, in which that Redis does nothing else, and are 1.3 MB there. Those
 * of the platform go to each shard every 5 s by each API task: 4,000 take 20 to 30 ms.
 */
import type { Ban } from './mode.ts';
import { platformScope, type ChatScope } from './store.ts';

export interface BanRoom {
  readonly lasting: number;
  /** Under way; those that are over do not count. Apart from the lasting ones, so that a raid can always be met. */
  readonly timeouts: number;
}

const ofChannel: BanRoom = { lasting: 5_000, timeouts: 5_000 };
const ofPlatform: BanRoom = { lasting: 2_000, timeouts: 2_000 };

export const banRoomOf = (scope: ChatScope): BanRoom => (scope === platformScope ? ofPlatform : ofChannel);

export const isLasting = ({ until }: Pick<Ban, 'until'>): boolean => until === undefined;

/** Whether another one fits. Who is banned already may be banned otherwise. */
export function hasRoom(ban: Ban, bans: readonly Ban[], room: BanRoom): boolean {
  const most = isLasting(ban) ? room.lasting : room.timeouts;
  const alike = bans.filter(
    (each) =>
      isLasting(each) === isLasting(ban) &&
      each.personId !== ban.personId &&
      (each.until === undefined || each.until > ban.at),
  );
  return alike.length < most;
}
