/** Run by kill.test.ts: archives segments as fast as they go until it is killed. Says how many are stored. */
import { setTimeout } from 'node:timers/promises';
import { pino } from 'pino';
import { openArchive } from '../../../../containers/ingest/archive/archive.ts';
import { timingFor } from '../../../../core/media/timing.ts';
import { openDirectoryStore } from '../../../../runtime/store/objects/directory.ts';
import { tinyInit, tinySegment } from './mp4.ts';

const [root = '', spoolDir = ''] = process.argv.slice(2);
const ladder = ['720p', '360p'].map((name) => ({
  name,
  width: 640,
  height: 360,
  videoBitrateBps: 800_000,
  audioBitrateBps: 96_000,
}));
const archive = await openArchive({
  store: await openDirectoryStore({ root, clock: Date }),
  broadcastId: '01b',
  plan: { ladder, timing: timingFor({ num: 30, den: 1 }) },
  spoolDir,
  clock: Date,
  random: Math.random,
  log: pino({ level: 'silent' }),
  publishThumbnail: () => false,
  isNew: true,
});
for (let msn = 0; ; msn++) {
  for (const { name } of ladder)
    archive.add({
      kind: 'media',
      rendition: name,
      msn,
      run: '1-0',
      discontinuity: false,
      durationS: 2,
      programDateTimeMs: 1_800_000_000_000 + msn * 2_000,
      chunks: tinySegment(2, `${name} ${msn}`),
      init: tinyInit(name),
    });
  // Segments of both renditions that are in the store.
  process.stdout.write(`${Math.floor((2 * (msn + 1) - archive.stats.unlisted) / 2)}\n`);
  await setTimeout(1);
}
