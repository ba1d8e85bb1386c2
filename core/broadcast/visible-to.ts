import type { Broadcast } from './types.ts';

/**
 * Private ones are for their owner alone; to everybody else they look as if they did not exist.
 * @param subject of the asker's token; absent: anonymous
 */
export const isVisibleTo = (
  { visibility, ownerId }: Pick<Broadcast, 'visibility' | 'ownerId'>,
  subject?: string,
): boolean => visibility !== 'private' || ownerId === subject;
