import type { Playback } from '../../core/api/types.ts';
import type { TestPlatform } from './platform.ts';

export interface RecordedList {
  readonly rendition: string;
  readonly text: string;
  readonly ended: boolean;
  readonly segments: number;
  readonly gaps: number;
  readonly discontinuities: number;
  readonly durationS: number;
  /** Addresses of init segments and media that the list names but the edge does not have. */
  readonly missing: readonly string[];
}

const count = (text: string, tag: string): number =>
  text.split('\n').filter((line) => line.startsWith(tag)).length;

/** Reads a broadcast's archive as a player does: playback call, cookies, master, lists, every file that they name. */
export async function readRecording(
  platform: TestPlatform,
  broadcastId: string,
  person = 'tester',
): Promise<readonly RecordedList[]> {
  const answer = await fetch(`${platform.url}/api/broadcasts/${broadcastId}/playback`, {
    headers: { authorization: `Bearer ${await platform.tokenFor(person)}` },
  });
  const cookie = answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const { archive } = (await answer.json()) as Playback;
  if (archive === undefined) throw new Error(`broadcast ${broadcastId} has no archive`);
  const get = (url: URL): Promise<Response> => fetch(url, { headers: { cookie } });
  const masterUrl = new URL(archive, platform.url);
  const master = await get(masterUrl);
  if (!master.ok) throw new Error(`${masterUrl.pathname} answered ${master.status}`);
  const lists = (await master.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Promise.all(
    lists.map(async (list) => {
      const listUrl = new URL(list, masterUrl);
      const text = await (await get(listUrl)).text();
      const inits = [...text.matchAll(/#EXT-X-MAP:URI="([^"]+)"/g)].map((match) => match[1] ?? '');
      const lines = text.split('\n');
      const named = lines.filter(
        (line, i) =>
          line.endsWith('.m4s') &&
          !(lines[i - 1] ?? '').startsWith('#EXT-X-GAP') &&
          !(lines[i - 2] ?? '').startsWith('#EXT-X-GAP'),
      );
      const missing: string[] = [];
      for (const file of [...inits, ...named]) {
        const response = await get(new URL(file, listUrl));
        if (!response.ok || (await response.arrayBuffer()).byteLength === 0) missing.push(file);
      }
      return {
        rendition: list.split('/')[0] ?? '',
        text,
        ended: text.includes('#EXT-X-ENDLIST'),
        segments: count(text, '#EXTINF'),
        gaps: count(text, '#EXT-X-GAP'),
        discontinuities: count(text, '#EXT-X-DISCONTINUITY') - count(text, '#EXT-X-DISCONTINUITY-SEQUENCE'),
        durationS: [...text.matchAll(/#EXTINF:([\d.]+)/g)].reduce((sum, match) => sum + Number(match[1]), 0),
        missing,
      };
    }),
  );
}
