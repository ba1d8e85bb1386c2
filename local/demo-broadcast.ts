import type { OwnChannel } from '../core/api/types.ts';
import { startDemo } from './demo.ts';

export interface DemoBroadcast {
  readonly channelId: string;
  readonly broadcastId: string;
  stop(): Promise<void>;
}

/** Generous: a first transcode on a busy small machine. */
const liveWithinMs = 30_000;

/** The demo's channel (made at the first start, found again later) with a new stream key, its encoder, its broadcast live. */
export async function startDemoBroadcast(options: {
  readonly apiUrl: string;
  readonly token: string;
  readonly ffmpeg: string;
  readonly rtmpUrl: string;
  readonly say: (text: string) => void;
}): Promise<DemoBroadcast> {
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${options.apiUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${options.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok)
      throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  };

  options.say('Starting the demo broadcast …');
  const { channels } = await call<{ readonly channels: readonly OwnChannel[] }>('GET', '/api/me/channels');
  const known = channels.find((channel) => channel.name === 'Tidecast demo');
  const { channelId, streamKey } =
    known === undefined
      ? await call<{ channel: OwnChannel; streamKey: string }>('POST', '/api/channels', {
          name: 'Tidecast demo',
        }).then((made) => ({ channelId: made.channel.channelId, streamKey: made.streamKey }))
      : await call<{ streamKey: string }>('POST', `/api/channels/${known.channelId}/stream-key`).then(
          (renewed) => ({
            channelId: known.channelId,
            streamKey: renewed.streamKey,
          }),
        );
  if (known === undefined) {
    await call('PATCH', `/api/channels/${channelId}`, {
      title: 'Test picture with clock and tone',
      visibility: 'public',
    });
  }

  const demo = startDemo({
    ffmpeg: options.ffmpeg,
    rtmpUrl: options.rtmpUrl,
    streamKey,
    onProblem: options.say,
  });
  try {
    const startedAt = Date.now();
    for (;;) {
      const channel = await call<{ current?: { broadcastId: string } }>('GET', `/api/channels/${channelId}`);
      const broadcastId = channel.current?.broadcastId;
      if (broadcastId !== undefined) {
        const playback = await call<{ live?: string }>('GET', `/api/broadcasts/${broadcastId}/playback`);
        if (playback.live !== undefined && (await fetch(`${options.apiUrl}${playback.live}`)).ok) {
          return { channelId, broadcastId, stop: () => demo.stop() };
        }
      }
      if (Date.now() - startedAt > liveWithinMs)
        throw new Error('the demo broadcast did not become live within 30 s');
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  } catch (error) {
    await demo.stop();
    throw error;
  }
}
