/** What of a channel or a broadcast leaves the house. Never the owner's id, never a key's hash. */
import type { BroadcastView, ChannelView, OwnChannel, Playback, StudioView } from '../../core/api/types.ts';
import { shownState } from '../../core/broadcast/shown-state.ts';
import type { Broadcast, Channel } from '../../core/broadcast/types.ts';
import type { InputState } from '../../core/media/flow.ts';
import { archivePlaylist, livePlaylist, thumbnail } from './links.ts';

export function viewBroadcast(broadcast: Broadcast, now: number): BroadcastView {
  const { broadcastId, channelId, channelName, title, visibility, startedAt, session } = broadcast;
  const picture = thumbnail(broadcast, now);
  return {
    broadcastId,
    channelId,
    channelName,
    title,
    visibility,
    state: shownState(broadcast, now),
    startedAt,
    ...(broadcast.endedAt === undefined ? {} : { endedAt: broadcast.endedAt }),
    ...(broadcast.durationS === undefined ? {} : { durationS: broadcast.durationS }),
    session,
    ...(picture === undefined ? {} : { thumbnail: picture }),
  };
}

/** @param mediaUrls other addresses of open media: nobody's cookies for this one are sent there. */
export function viewPlayback(broadcast: Broadcast, now: number, mediaUrls: readonly string[] = []): Playback {
  const live = livePlaylist(broadcast);
  const archive = archivePlaylist(broadcast);
  const isElsewhere = live !== undefined && broadcast.visibility !== 'private' && mediaUrls.length > 0;
  return {
    state: shownState(broadcast, now),
    session: broadcast.session,
    startedAt: broadcast.startedAt,
    ...(live === undefined ? {} : { live }),
    ...(isElsewhere ? { liveOrigins: mediaUrls } : {}),
    ...(archive === undefined ? {} : { archive }),
  };
}

export const viewChannel = (channel: Channel, current: BroadcastView | undefined): ChannelView => ({
  channelId: channel.channelId,
  name: channel.name,
  ...(current === undefined ? {} : { current }),
});

export const viewOwnChannel = (channel: Channel): OwnChannel => ({
  channelId: channel.channelId,
  name: channel.name,
  title: channel.title,
  visibility: channel.visibility,
  createdAt: channel.createdAt,
  keyCreatedAt: channel.keyCreatedAt,
  ...(channel.currentBroadcastId === undefined ? {} : { currentBroadcastId: channel.currentBroadcastId }),
});

export function viewStudio(
  channel: Channel,
  current?: { readonly broadcast: BroadcastView; readonly input: InputState | undefined },
): StudioView {
  if (current === undefined) return { channel: viewOwnChannel(channel) };
  // What was measured before the encoder went says nothing of now.
  const input = current.broadcast.state === 'live' ? current.input : undefined;
  return {
    channel: viewOwnChannel(channel),
    current: { broadcast: current.broadcast, ...(input === undefined ? {} : { input }) },
  };
}
