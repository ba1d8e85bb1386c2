import { masterPlaylistName, mediaPlaylistName } from './names.ts';

/**
 * Where a broadcast's media lies: the ingest task stores and serves it there, the API hands the addresses
 * out. Which origin answers under which first folder, and with which cache rules, is in core/routes.ts.
 */

/** The live window of a private broadcast stands behind signed cookies, so it has a folder of its own. */
export const liveRoots = { open: 'live', private: 'live-private' } as const;

export const liveFolder = (live: {
  readonly isPrivate: boolean;
  readonly slot: string;
  readonly broadcastId: string;
}): string => `/${live.isPrivate ? liveRoots.private : liveRoots.open}/${live.slot}/${live.broadcastId}/`;

// Keys in object storage, where a key is the path without its first slash.

export const archiveFolder = (broadcastId: string): string => `archive/${broadcastId}/`;
export const masterKey = (broadcastId: string): string => archiveFolder(broadcastId) + masterPlaylistName;
export const mediaKey = (broadcastId: string, rendition: string, name: string): string =>
  `${archiveFolder(broadcastId)}${rendition}/${name}`;
export const playlistKey = (broadcastId: string, rendition: string): string =>
  mediaKey(broadcastId, rendition, mediaPlaylistName);
/** Outside of the archive's folder: directory pages show it to whoever has no cookies. */
export const thumbnailKey = (broadcastId: string): string => `thumbs/${broadcastId}.jpg`;

export const pathOfKey = (key: string): string => `/${key}`;
