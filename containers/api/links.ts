/** Where the parts of a broadcast are, for the one who may see it. */
import type { Broadcast } from '../../core/broadcast/types.ts';
import { lostAfterMs } from '../../core/broadcast/types.ts';
import { masterPlaylistName, thumbnailName } from '../../core/media/names.ts';

export const liveFolder = ({ visibility, slot, broadcastId }: Broadcast): string =>
  `/${visibility === 'private' ? 'live-private' : 'live'}/${slot}/${broadcastId}/`;

export const archiveFolder = ({ broadcastId }: Broadcast): string => `/archive/${broadcastId}/`;

/** Key in object storage, and path without its slash. */
export const thumbnailKey = (broadcastId: string): string => `thumbs/${broadcastId}.jpg`;

/** Before the plan there is no picture, so nothing to play. */
export const livePlaylist = (broadcast: Broadcast): string | undefined =>
  broadcast.plan === undefined || broadcast.state === 'ended'
    ? undefined
    : `${liveFolder(broadcast)}${masterPlaylistName}`;

export const archivePlaylist = (broadcast: Broadcast): string | undefined =>
  broadcast.plan === undefined || broadcast.durationS === 0
    ? undefined
    : `${archiveFolder(broadcast)}${masterPlaylistName}`;

/** While a task holds it, its newest picture; then the last one that was stored. Private ones have none. */
export function thumbnail(broadcast: Broadcast, now: number): string | undefined {
  if (broadcast.visibility === 'private') return undefined;
  const held = broadcast.state !== 'ended' && now - broadcast.seenAt <= lostAfterMs;
  if (held && broadcast.plan !== undefined) return `${liveFolder(broadcast)}${thumbnailName}`;
  return broadcast.hasThumbnail === true ? `/${thumbnailKey(broadcast.broadcastId)}` : undefined;
}
