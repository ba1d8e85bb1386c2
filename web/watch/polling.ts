import { isShutOut, type PlayerState } from './player-state.ts';

export interface Poll {
  readonly afterMs: number;
  readonly ask: 'ask-playback' | 'ask-broadcast';
}

/**
 * When to ask the API next, and what. All viewers of a show are interrupted in the same second, so every
 * wait is spread over its own length again: half to one and a half times.
 */
export function nextPoll(state: PlayerState, hidden: boolean, random: () => number): Poll | undefined {
  // It may be made public again; a mistyped address costs one small question a minute.
  if (state.trouble === 'not-found')
    return { afterMs: Math.round(30_000 * (1 + random())), ask: 'ask-playback' };
  if (state.trouble === 'media' || isShutOut(state)) return undefined;
  // A recording does not change; an engine that has given up needs a push all the same.
  if (state.phase === 'ended' || (state.mode === 'recording' && !state.broken)) return undefined;
  const waiting =
    state.broken || state.stalled || state.phase !== 'playing' || state.broadcast === 'interrupted';
  // 25 s while all is well: only titles change then, the end shows in the playlist itself.
  const middleMs = waiting ? 2_500 : hidden ? 60_000 : 25_000;
  // Without a source there is nothing to compare sessions with: ask for addresses.
  const ask = state.broken || state.source === undefined ? 'ask-playback' : 'ask-broadcast';
  return { afterMs: Math.round(middleMs * (0.5 + random())), ask };
}

/** Whether what was planned to be asked in the one state is also what to ask in the other. */
export function sameQuestion(one: PlayerState, other: PlayerState, hidden: boolean): boolean {
  const [first, second] = [one, other].map((state) => nextPoll(state, hidden, () => 0));
  return first?.ask === second?.ask && first?.afterMs === second?.afterMs;
}
