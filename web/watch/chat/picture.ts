/** What the chat has to know of the picture beside it. */
import { computed, type ReadonlySignal } from '@preact/signals';
import type { Player } from '../player.ts';

export interface Picture {
  readonly view: ReadonlySignal<'live' | 'timeshift' | 'recording'>;
  /** Program date time of what is on the screen. */
  readonly atMs: ReadonlySignal<number | undefined>;
  readonly ended: ReadonlySignal<boolean>;
  readonly goLive: () => void;
}

export const pictureOf = (player: Player): Picture => ({
  view: computed(() => player.state.value.mode),
  atMs: computed(() => player.meter.value.atMs ?? player.state.value.atMs),
  ended: computed(() => (player.state.value.broadcast ?? player.broadcast.value?.state) === 'ended'),
  goLive: player.goLive,
});
