/** Under which headers an archive is stored. */
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

/**
 * A minute, not longer: a recording that a crash cut short is completed later, and a broadcast whose end the
 * table did not learn of may go on. Media, which is what costs, is kept for ever.
 */
export const endedPlaylistHeaders: Headers = {
  contentType: 'application/vnd.apple.mpegurl',
  cacheControl: 'public, max-age=60',
};

/** Renewed every 10 s. */
export const thumbnailHeaders: Headers = { contentType: 'image/jpeg', cacheControl: 'public, max-age=10' };
