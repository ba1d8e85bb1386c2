/** What of a channel or a broadcast leaves the house. Never the owner's id, never a key's hash. */
import type { BroadcastView, ChannelView, OwnChannel, Playback, StudioView } from '../../core/api/types.ts';
import { shownState } from '../../core/broadcast/shown-state.ts';
import type { Broadcast, Channel } from '../../core/broadcast/types.ts';
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

export function viewPlayback(broadcast: Broadcast, now: number): Playback {
  const live = livePlaylist(broadcast);
  const archive = archivePlaylist(broadcast);
  return {
    state: shownState(broadcast, now),
    session: broadcast.session,
    startedAt: broadcast.startedAt,
    ...(live === undefined ? {} : { live }),
    ...(archive === undefined ? {} : { archive }),
  };
}

export const viewChannel = (channel: Channel, current: Broadcast | undefined, now: number): ChannelView => ({
  channelId: channel.channelId,
  name: channel.name,
  ...(current === undefined ? {} : { current: viewBroadcast(current, now) }),
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

export function viewStudio(channel: Channel, current: Broadcast | undefined, now: number): StudioView {
  if (current === undefined) return { channel: viewOwnChannel(channel) };
  // What was measured before the encoder went says nothing of now.
  const input = shownState(current, now) === 'live' ? current.input : undefined;
  return {
    channel: viewOwnChannel(channel),
    current: { broadcast: viewBroadcast(current, now), ...(input === undefined ? {} : { input }) },
  };
}
