import type { BroadcastView } from '../../core/api/types.ts';
import { day } from '../words/time.ts';

type Named = Pick<BroadcastView, 'title' | 'channelName' | 'state' | 'startedAt'>;

/** A show without a title is called by its channel; recordings of one channel are told apart by their day. */
export const titleOf = ({ title, channelName, state, startedAt }: Named, locale?: string): string =>
  title.trim() || (state === 'ended' ? `${channelName}, ${day(startedAt, locale)}` : `${channelName} live`);
