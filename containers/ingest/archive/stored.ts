import { masterPlaylistName, mediaPlaylistName } from '../../../core/media/names.ts';

/** Where an archive lies in the store, and under which headers. */

export const archiveFolder = (broadcastId: string): string => `archive/${broadcastId}/`;
export const masterKey = (broadcastId: string): string => archiveFolder(broadcastId) + masterPlaylistName;
export const mediaKey = (broadcastId: string, rendition: string, name: string): string =>
  `${archiveFolder(broadcastId)}${rendition}/${name}`;
export const playlistKey = (broadcastId: string, rendition: string): string =>
  mediaKey(broadcastId, rendition, mediaPlaylistName);
export const thumbnailKey = (broadcastId: string): string => `thumbs/${broadcastId}.jpg`;

interface Headers {
  readonly contentType: string;
  readonly cacheControl: string;
}

/** Names are unique and never written with other bytes. */
export const mediaHeaders: Headers = {
  contentType: 'video/mp4',
  cacheControl: 'public, max-age=31536000, immutable',
};

/** Grows with every segment; 1 s lets the edge answer a crowd with one request. */
export const growingPlaylistHeaders: Headers = {
  contentType: 'application/vnd.apple.mpegurl',
  cacheControl: 'public, max-age=1',
};

/** Not immutable: a recording that a crash cut short is completed later. */
export const endedPlaylistHeaders: Headers = {
  contentType: 'application/vnd.apple.mpegurl',
  cacheControl: 'public, max-age=3600',
};

/** Renewed every 10 s. */
export const thumbnailHeaders: Headers = { contentType: 'image/jpeg', cacheControl: 'public, max-age=10' };
