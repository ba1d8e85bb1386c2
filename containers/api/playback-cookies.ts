import type { Broadcast } from '../../core/broadcast/types.ts';
import type { ApiDependencies } from './dependencies.ts';
import { archiveFolder, liveFolder } from './links.ts';

/**
 * Four hours for all: who saw a broadcast before it was made private can open it for so long afterwards
 * (docs/decisions/0003). Pages that watch longer are refused once and ask again.
 */
const lifetimeMs = 4 * 3_600_000;

/**
 * Set-Cookie lines that open the archive of a broadcast (and the live window of a private one). One set for
 * each path, so that broadcasts open side by side don't push out each other's.
 */
export function playbackCookies(
  broadcast: Broadcast,
  now: number,
  { publicUrl, signCookies }: Pick<ApiDependencies, 'publicUrl' | 'signCookies'>,
): readonly string[] {
  if (broadcast.plan === undefined) return [];
  const isPrivate = broadcast.visibility === 'private';
  const { origin, protocol } = new URL(publicUrl);
  const attributes = `Max-Age=${lifetimeMs / 1_000}; HttpOnly; SameSite=Lax${
    protocol === 'https:' ? '; Secure' : ''
  }`;
  const folders = [
    archiveFolder(broadcast),
    ...(isPrivate && broadcast.state !== 'ended' ? [liveFolder(broadcast)] : []),
  ];
  return folders.flatMap((folder) =>
    Object.entries(signCookies(`${origin}${folder}*`, now + lifetimeMs)).map(
      ([name, value]) => `${name}=${value}; Path=${folder}; ${attributes}`,
    ),
  );
}
