import { describe, expect, it } from 'vitest';
import type { BroadcastView, Directory } from '../../../core/api/types.ts';
import { extended, renewed } from '../../../web/directory/listing.ts';

const show = (id: number, startedAt = id): BroadcastView => ({
  broadcastId: String(id),
  channelId: 'c',
  channelName: 'C',
  title: `Show ${id}`,
  visibility: 'public',
  state: 'ended',
  startedAt,
  session: 1,
});
const page = (ids: readonly number[], nextCursor?: string): Directory => ({
  live: [],
  recordings: ids.map((id) => show(id)),
  ...(nextCursor !== undefined && { nextCursor }),
});
const ids = (listing: { readonly recordings: readonly BroadcastView[] }): string =>
  listing.recordings.map(({ broadcastId }) => broadcastId).join();

describe('the listing', () => {
  const two = extended(renewed(undefined, page([9, 8, 7], 'c1')), page([6, 5], 'c2'));

  it('keeps older pages when the first is renewed', () => {
    const next = renewed(two, page([10, 9, 8], 'c1x'));
    expect(ids(next)).toBe('10,9,8,7,6,5');
    expect(next.nextCursor).toBe('c2');
  });

  it('drops what is gone from the first page', () => expect(ids(renewed(two, page([9, 7])))).toBe('9,7,6,5'));

  it('is just the first page while no more was asked for', () =>
    expect(ids(renewed(renewed(undefined, page([3, 2])), page([4, 3])))).toBe('4,3'));

  it('shows nothing twice when pages overlap', () =>
    expect(ids(extended(renewed(undefined, page([3, 2])), page([2, 1])))).toBe('3,2,1'));
});
