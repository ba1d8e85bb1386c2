import { isId } from '../../../core/broadcast/ids.ts';

/** The cursor is none of ours, or of another list. */
export class BadCursorError extends Error {
  override readonly name = 'BadCursorError';
}

/** Which list a cursor pages. */
export type CursorKind = 'recordings' | 'channel' | 'unended';

/**
 * A cursor is the id after which the list goes on. Nobody can reach with a forged one what the list itself
 * does not show, so it is not signed; it is opaque so that nobody builds on what is in it.
 */
export const encodeCursor = (kind: CursorKind, broadcastId: string): string =>
  Buffer.from(`${kind}.${broadcastId}`).toString('base64url');

export function decodeCursor(kind: CursorKind, cursor: string): string {
  // No cursor is as long as 100 characters: nothing longer is worth decoding.
  const text = cursor.length > 100 ? '' : Buffer.from(cursor, 'base64url').toString('latin1');
  const id = text.slice(kind.length + 1);
  if (encodeCursor(kind, id) !== cursor || !isId(id))
    throw new BadCursorError('this cursor was not given out by this list: leave it out to start again');
  return id;
}
