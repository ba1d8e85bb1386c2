/** The HTTP API as the pages use it. */
import type {
  BroadcastView,
  Directory,
  OwnChannel,
  Playback,
  PublicConfig,
  StudioView,
} from '../../core/api/types.ts';
import type { Visibility } from '../../core/broadcast/types.ts';
import { createAsk, type AskDependencies } from './ask.ts';
import { atOneHome } from './one-home.ts';

export { Refused, Unreachable, wordsOf } from './ask.ts';

export interface ChannelChange {
  readonly name?: string;
  readonly title?: string;
  readonly visibility?: Visibility;
}

export interface BroadcastChange {
  readonly title?: string;
  readonly visibility?: Visibility;
}

export interface Api {
  readonly config: () => Promise<PublicConfig>;
  readonly time: () => Promise<{ readonly nowMs: number }>;
  readonly directory: (cursor?: string) => Promise<Directory>;
  readonly broadcast: (id: string) => Promise<BroadcastView>;
  readonly playback: (id: string) => Promise<Playback>;
  readonly changeBroadcast: (id: string, change: BroadcastChange) => Promise<BroadcastView>;
  readonly ownChannels: () => Promise<{ readonly channels: readonly OwnChannel[] }>;
  readonly createChannel: (channel: {
    readonly name: string;
  }) => Promise<{ readonly channel: OwnChannel; readonly streamKey: string }>;
  readonly changeChannel: (id: string, change: ChannelChange) => Promise<OwnChannel>;
  readonly renewKey: (id: string) => Promise<{ readonly streamKey: string }>;
  readonly studio: (id: string) => Promise<StudioView>;
  readonly channelBroadcasts: (
    id: string,
    cursor?: string,
  ) => Promise<{ readonly broadcasts: readonly BroadcastView[]; readonly nextCursor?: string }>;
}

/** @param place of this viewer in the crowd, in [0, 1): a viewer stays at one of the origins that there are. */
export function createApi(dependencies: AskDependencies, place = 0): Api {
  const ask = createAsk(dependencies);
  const id = encodeURIComponent;
  const cursorOf = (cursor: string | undefined): string =>
    cursor === undefined ? '' : `?cursor=${id(cursor)}`;

  return {
    config: () => ask('GET', '/api/config'),
    time: () => ask('GET', '/api/time'),
    directory: (cursor) => ask('GET', `/api/directory${cursorOf(cursor)}`),
    broadcast: (broadcastId) => ask('GET', `/api/broadcasts/${id(broadcastId)}`),
    playback: async (broadcastId) =>
      atOneHome(await ask('GET', `/api/broadcasts/${id(broadcastId)}/playback`), place),
    changeBroadcast: (broadcastId, change) => ask('PATCH', `/api/broadcasts/${id(broadcastId)}`, change),
    ownChannels: () => ask('GET', '/api/me/channels'),
    createChannel: (channel) => ask('POST', '/api/channels', channel),
    changeChannel: (channelId, change) => ask('PATCH', `/api/channels/${id(channelId)}`, change),
    renewKey: (channelId) => ask('POST', `/api/channels/${id(channelId)}/stream-key`),
    studio: (channelId) => ask('GET', `/api/channels/${id(channelId)}/studio`),
    channelBroadcasts: (channelId, cursor) =>
      ask('GET', `/api/channels/${id(channelId)}/broadcasts${cursorOf(cursor)}`),
  };
}
