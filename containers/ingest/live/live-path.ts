import { liveRoots } from '../../../core/media/addresses.ts';
import { masterPlaylistName, mediaPlaylistName, thumbnailName } from '../../../core/media/names.ts';

/** What a request under /live or /live-private asks for. */
export interface LivePath {
  readonly isPrivate: boolean;
  readonly slot: string;
  readonly broadcastId: string;
  readonly target:
    | { readonly kind: 'master' }
    | { readonly kind: 'thumbnail' }
    | { readonly kind: 'playlist'; readonly rendition: string }
    | { readonly kind: 'file'; readonly rendition: string; readonly name: string };
}

/** Our longest address has about 120 characters; the rest is room for what players and CDNs append. */
export const maxUrlLength = 1024;

/**
 * Names of ours need no percent-encoding: an address that has any is not one of them. So nothing is ever
 * decoded, and neither `..` nor `%2e%2e` can mean anything here.
 */
const livePath = new RegExp(
  `^/(${liveRoots.open}|${liveRoots.private})/` +
    String.raw`([a-z0-9-]{1,32})/([\w-]{1,64})/(?:([\w-]{1,32})/)?([\w-]{1,64}(?:\.[A-Za-z0-9]{1,10}){1,2})$`,
);

/** Undefined: no such thing under /live. */
export function parseLivePath(path: string): LivePath | undefined {
  const [, root, slot, broadcastId, rendition, name] = livePath.exec(path) ?? [];
  if (root === undefined || slot === undefined || broadcastId === undefined || name === undefined)
    return undefined;
  const common = { isPrivate: root === liveRoots.private, slot, broadcastId };
  if (rendition !== undefined)
    return {
      ...common,
      target:
        name === mediaPlaylistName ? { kind: 'playlist', rendition } : { kind: 'file', rendition, name },
    };
  if (name === masterPlaylistName) return { ...common, target: { kind: 'master' } };
  return name === thumbnailName ? { ...common, target: { kind: 'thumbnail' } } : undefined;
}
