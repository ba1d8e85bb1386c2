/** From the encoder's end to a playable recording, for a short show and one ten times as long. */
import { parseArgs } from 'node:util';
import type { BroadcastView, Playback } from '../core/api/types.ts';
import { startEncoder, testPicture } from '../test/support/encoder.ts';
import { startTestPlatform, until, type TestPlatform } from '../test/support/platform.ts';

/** What a player needs: the master, every rendition's list with ENDLIST, its first and its last segment. */
async function isPlayable(platform: TestPlatform, archive: string, cookies: string): Promise<boolean> {
  const get = (path: string): Promise<Response> =>
    fetch(new URL(path, platform.url), { headers: { cookie: cookies } });
  const master = await get(archive);
  if (!master.ok) return false;
  const lists = (await master.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  for (const list of lists) {
    const listUrl = new URL(list, new URL(archive, platform.url));
    const answer = await get(listUrl.pathname);
    const text = answer.ok ? await answer.text() : '';
    if (!text.includes('#EXT-X-ENDLIST')) return false;
    const segments = text.split('\n').filter((line) => line.endsWith('.m4s'));
    for (const segment of [segments[0], segments.at(-1)]) {
      if (segment === undefined || !(await get(new URL(segment, listUrl).pathname)).ok) return false;
    }
  }
  return lists.length > 0;
}

interface Timed {
  readonly readyMs: number;
  readonly recordedS: number;
}

async function timeShow(platform: TestPlatform, name: string, seconds: number): Promise<Timed> {
  const channel = await platform.newChannel(name);
  const encoder = startEncoder(channel.target, testPicture());
  const { broadcast } = await channel.live();
  const { broadcastId } = broadcast;
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const playback = await fetch(`${platform.url}/api/broadcasts/${broadcastId}/playback`);
  const cookies = playback.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
  const { archive } = (await playback.json()) as Playback;
  if (archive === undefined) throw new Error('the broadcast has no archive address');
  const start = performance.now();
  const finished = encoder.finish();
  const ended = await until(
    'the recording is playable',
    async () => {
      const view = await platform.api<BroadcastView>('GET', `/api/broadcasts/${broadcastId}`);
      return view.state === 'ended' && (await isPlayable(platform, archive, cookies)) ? view : undefined;
    },
    60_000,
  );
  const readyMs = performance.now() - start;
  await finished;
  return { readyMs, recordedS: ended.durationS ?? 0 };
}

export async function run(args: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: { type: 'string', default: '12' }, rounds: { type: 'string', default: '3' } },
  });
  const shortS = Number(values.seconds);
  const platform = await startTestPlatform();
  try {
    console.log('show        encoder ended → recording playable   recorded');
    const timed = async (name: string, seconds: number): Promise<number> => {
      const { readyMs, recordedS } = await timeShow(platform, name, seconds);
      console.log(
        `${name.padEnd(12)}${`${Math.round(readyMs)} ms`.padStart(34)}   ${recordedS.toFixed(1)} s`,
      );
      return readyMs;
    };
    // The flush of ffmpeg varies by part of a second from show to show: the median of a few short ones.
    const shorts: number[] = [];
    for (let round = 1; round <= Number(values.rounds); round++)
      shorts.push(await timed(`short ${round}`, shortS));
    const short = [...shorts].sort((a, b) => a - b)[Math.floor(shorts.length / 2)] ?? Number.NaN;
    const long = await timed('long', shortS * 10);
    return { short_ms: Math.round(short), long_ms: Math.round(long) };
  } finally {
    await platform.remove();
  }
}
