import type { BroadcastState } from '../../core/broadcast/types.ts';

export const LiveBadge = ({ state }: { readonly state: BroadcastState }) =>
  state === 'ended' ? null : (
    <span class={`badge badge-${state}`}>{state === 'live' ? 'LIVE' : 'RECONNECTING'}</span>
  );
