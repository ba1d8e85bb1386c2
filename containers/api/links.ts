/** Where the parts of a broadcast are, for the one who may see it. */
import type { Broadcast } from '../../core/broadcast/types.ts';
import { lostAfterMs } from '../../core/broadcast/types.ts';
import * as addresses from '../../core/media/addresses.ts';
import { masterPlaylistName, thumbnailName } from '../../core/media/names.ts';

export { thumbnailKey } from '../../core/media/addresses.ts';

export const liveFolder = ({ visibility, slot, broadcastId }: Broadcast): string =>
  addresses.liveFolder({ isPrivate: visibility === 'private', slot, broadcastId });

export const archiveFolder = ({ broadcastId }: Broadcast): string =>
  addresses.pathOfKey(addresses.archiveFolder(broadcastId));

/** Before the plan there is no picture, so nothing to play. */
export const livePlaylist = (broadcast: Broadcast): string | undefined =>
  broadcast.plan === undefined || broadcast.state === 'ended'
    ? undefined
    : `${liveFolder(broadcast)}${masterPlaylistName}`;

export const archivePlaylist = (broadcast: Broadcast): string | undefined =>
  broadcast.plan === undefined || broadcast.durationS === 0
    ? undefined
    : addresses.pathOfKey(addresses.masterKey(broadcast.broadcastId));

/** While a task holds it, its newest picture; then the last one that was stored. Private ones have none. */
export function thumbnail(broadcast: Broadcast, now: number): string | undefined {
  if (broadcast.visibility === 'private') return undefined;
  const held = broadcast.state !== 'ended' && now - broadcast.seenAt <= lostAfterMs;
  if (held && broadcast.plan !== undefined) return `${liveFolder(broadcast)}${thumbnailName}`;
  return broadcast.hasThumbnail === true
    ? addresses.pathOfKey(addresses.thumbnailKey(broadcast.broadcastId))
    : undefined;
}
