/** The schemas of what goes in and out. Outputs satisfy the types of core/api/types.ts, which the pages use. */
import { z } from 'zod';
import type {
  BroadcastView,
  ChannelView,
  Directory,
  OwnChannel,
  Playback,
  Problem,
  PublicConfig,
} from '../../core/api/types.ts';
import { idPattern } from '../../core/broadcast/ids.ts';
import { visibilities } from '../../core/broadcast/types.ts';
import { line } from './text.ts';

const id = z
  .string()
  .regex(idPattern, 'is not an id: ids have 26 characters of 0-9 and a-z')
  .meta({ example: '01k9x3v7q2m4n6p8r0s2t4v6w8' });
const timeMs = z.number().meta({ description: 'ms since 1970' });
const visibility = z.enum(visibilities, {
  error: `must be one of ${visibilities.join(', ')}`,
});
const state = z.enum(['live', 'interrupted', 'ended']);
const path = z.string().meta({ description: 'a path on this host' });

const channelName = line(1, 60);
const title = line(0, 140);

export const idParams = z.object({ id });
// Cursors have at most 50 characters.
export const cursorQuery = z.object({ cursor: z.string().max(100).optional() });

const atLeastOne = (body: object): boolean => Object.values(body).some((value) => value !== undefined);

export const newChannel = z
  .strictObject({ name: channelName, title: title.default(''), visibility: visibility.default('public') })
  .meta({ id: 'NewChannel' });
export const channelChanges = z
  .strictObject({ name: channelName.optional(), title: title.optional(), visibility: visibility.optional() })
  .refine(atLeastOne, 'names nothing to change: give name, title or visibility')
  .meta({ id: 'ChannelChanges' });
export const broadcastChanges = z
  .strictObject({ title: title.optional(), visibility: visibility.optional() })
  .refine(atLeastOne, 'names nothing to change: give title or visibility')
  .meta({ id: 'BroadcastChanges' });

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).exactOptional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' }) satisfies z.ZodType<Problem>;

export const publicConfig = z
  .object({ issuer: z.string(), clientId: z.string(), rtmpUrl: z.string().exactOptional() })
  .meta({ id: 'PublicConfig' }) satisfies z.ZodType<PublicConfig>;

export const time = z.object({ nowMs: z.number() }).meta({ id: 'Time' });

export const broadcastView = z
  .object({
    broadcastId: id,
    channelId: id,
    channelName: z.string(),
    title: z.string(),
    visibility,
    state,
    startedAt: timeMs,
    endedAt: timeMs.exactOptional(),
    durationS: z.number().exactOptional(),
    session: z.int(),
    thumbnail: path.exactOptional(),
    chat: z.object({ shard: z.string(), path }).exactOptional(),
    viewers: z
      .number()
      .exactOptional()
      .meta({ description: 'people who watch now; absent when nobody knows' }),
  })
  .meta({ id: 'BroadcastView' }) satisfies z.ZodType<BroadcastView>;

export const directory = z
  .object({
    live: z.array(broadcastView),
    recordings: z.array(broadcastView),
    nextCursor: z.string().exactOptional(),
  })
  .meta({ id: 'Directory' }) satisfies z.ZodType<Directory>;

export const broadcastList = z
  .object({ broadcasts: z.array(broadcastView), nextCursor: z.string().exactOptional() })
  .meta({ id: 'BroadcastList' });

export const playback = z
  .object({
    state,
    session: z.int(),
    startedAt: timeMs,
    live: path.exactOptional(),
    liveOrigins: z.array(z.string()).readonly().exactOptional(),
    archive: path.exactOptional(),
  })
  .meta({ id: 'Playback' }) satisfies z.ZodType<Playback>;

export const channelView = z
  .object({ channelId: id, name: z.string(), current: broadcastView.exactOptional() })
  .meta({ id: 'ChannelView' }) satisfies z.ZodType<ChannelView>;

export const ownChannel = z
  .object({
    channelId: id,
    name: z.string(),
    title: z.string(),
    visibility,
    createdAt: timeMs,
    keyCreatedAt: timeMs,
    currentBroadcastId: id.exactOptional(),
  })
  .meta({ id: 'OwnChannel' }) satisfies z.ZodType<OwnChannel>;

export const ownChannels = z.object({ channels: z.array(ownChannel) }).meta({ id: 'OwnChannels' });

const streamKey = z.string().meta({ description: 'shown this once: only its hash is kept' });
export const renewedKey = z.object({ streamKey }).meta({ id: 'RenewedKey' });
export const createdChannel = z.object({ channel: ownChannel, streamKey }).meta({ id: 'CreatedChannel' });

// Measured by the ingest task and kept as it wrote it; what it does not know is absent.
const inputState = z
  .object({
    width: z.number(),
    height: z.number(),
    framesPerSecond: z.number(),
    videoBitrateBps: z.number(),
    audioBitrateBps: z.number(),
    keyFrameIntervalS: z.number().optional(),
    videoCodec: z.string().optional(),
    audioCodec: z.string().optional(),
    encoder: z.string().optional(),
    transcodeSpeed: z.number().optional(),
    transcodeCpu: z.number().optional(),
    ffmpegRestarts: z.number(),
    warnings: z.array(z.object({ code: z.string(), text: z.string() })).readonly(),
  })
  .partial()
  .meta({ id: 'InputState' });

export const studioView = z
  .object({
    channel: ownChannel,
    current: z.object({ broadcast: broadcastView, input: inputState.exactOptional() }).exactOptional(),
  })
  .meta({ id: 'StudioView' });
