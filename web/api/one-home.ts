import type { Playback } from '../../core/api/types.ts';

/** The answer with the live playlist's whole address, at the origin for this viewer if there are several. */
export function atOneHome(playback: Playback, place: number): Playback {
  const { live, liveOrigins = [] } = playback;
  const origin = liveOrigins[Math.floor(place * liveOrigins.length)];
  return live === undefined || origin === undefined ? playback : { ...playback, live: `${origin}${live}` };
}
