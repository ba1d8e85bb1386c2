import { lostAfterMs, type Broadcast, type BroadcastState } from './types.ts';

/**
 * The state to show. Stored facts go stale when a task dies without a word: then the broadcast is shown as
 * interrupted, which it is, until another task takes it over or ends it.
 */
export function shownState(
  broadcast: Pick<Broadcast, 'state' | 'seenAt'>,
  now: number,
  silentAfterMs: number = lostAfterMs,
): BroadcastState {
  if (broadcast.state !== 'live') return broadcast.state;
  return now - broadcast.seenAt > silentAfterMs ? 'interrupted' : 'live';
}
