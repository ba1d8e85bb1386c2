import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { spooledBroadcasts } from '../../../../containers/ingest/archive/archive.ts';
import { readEntries } from '../../../../core/hls/event-playlist.ts';
import { durationOf } from '../../../../core/media/fmp4/duration.ts';
import { initName, segmentName } from '../../../../core/media/names.ts';
import { openDirectoryStore } from '../../../../runtime/store/objects/directory.ts';
import { broadcastId, open, temporaryFolder } from './harness.ts';

const child = fileURLToPath(new URL('kill-child.ts', import.meta.url));

describe('a process killed with -9', () => {
  it.each([1, 15, 60])(
    'with %i segments stored leaves a recording that is playable after the restart',
    async (count) => {
      const root = await temporaryFolder();
      const spoolDir = await temporaryFolder();
      const running = spawn(process.execPath, [child, root, spoolDir], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      for await (const line of createInterface(running.stdout)) if (Number(line) >= count) break;
      running.kill('SIGKILL');
      await once(running, 'exit');

      const spooled: string[] = [];
      for (const rendition of ['720p', '360p'])
        for (const name of await readdir(join(spoolDir, broadcastId, rendition)))
          if (/^\d+_.*\.m4s$/.test(name)) spooled.push(`${rendition}/${Number.parseInt(name, 10)}`);

      const store = await openDirectoryStore({ root, clock: Date });
      const archive = await open(store, spoolDir);
      const end = await archive.end();
      expect(end.complete).toBe(true);
      // Whatever was on its way between packager and disk at that moment is lost; that is a few milliseconds.
      expect(end.durationS).toBeGreaterThan((count / 2) * 2);

      const playable = new Set<string>();
      for (const rendition of ['720p', '360p']) {
        const folder = `archive/${broadcastId}/${rendition}`;
        const text = Buffer.from((await store.get(`${folder}/index.m3u8`))?.bytes ?? []).toString();
        expect(text.endsWith('#EXT-X-ENDLIST\n')).toBe(true);
        for (const { gap, run, msn } of readEntries(text.replace('#EXT-X-ENDLIST\n', ''), 2) ?? []) {
          if (gap) continue;
          const init = await store.get(`${folder}/${initName(run)}`);
          const segment = await store.get(`${folder}/${segmentName(run, msn)}`);
          expect(durationOf(init?.bytes ?? new Uint8Array(), segment?.bytes ?? new Uint8Array())).toBe(2);
          playable.add(`${rendition}/${msn}`);
        }
      }
      for (const segment of spooled) expect(playable).toContain(segment);
      expect((await store.get(`archive/${broadcastId}/master.m3u8`))?.cacheControl).toContain('max-age=60');
      expect(await spooledBroadcasts(spoolDir)).toEqual([]);
    },
  );
});
