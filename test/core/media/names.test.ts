import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  initName,
  parseMediaFileName,
  partName,
  segmentName,
  type MediaFile,
} from '../../../core/media/names.ts';

const number = fc.integer({ min: 0, max: 9_999_999_999 });
const run = fc.tuple(number, number).map(([session, attempt]) => `${session}-${attempt}`);

function nameOf(file: MediaFile): string {
  if (file.kind === 'init') return initName(file.run);
  return file.kind === 'segment' ? segmentName(file.run, file.msn) : partName(file.run, file.msn, file.part);
}

describe('names of media files', () => {
  test('look like this', () => {
    expect([initName('2-0'), segmentName('2-0', 17), partName('2-0', 17, 3)]).toEqual([
      '2-0-init.mp4',
      '2-0-17.m4s',
      '2-0-17.3.m4s',
    ]);
  });

  test('are read back as what they name', () => {
    fc.assert(
      fc.property(run, number, number, (run, msn, part) => {
        expect(parseMediaFileName(initName(run))).toEqual({ kind: 'init', run });
        expect(parseMediaFileName(segmentName(run, msn))).toEqual({ kind: 'segment', run, msn });
        expect(parseMediaFileName(partName(run, msn, part))).toEqual({ kind: 'part', run, msn, part });
      }),
    );
  });

  test('a file has one name only: another spelling would be fetched past the cache', () => {
    for (const alias of ['1-0-007.m4s', '01-0-7.m4s', '1-00-7.m4s', '1-0-7.02.m4s', '1-0-00.m4s'])
      expect(parseMediaFileName(alias)).toBeUndefined();
    const unit = fc.constantFrom('0', '1', '9', '-', '.', 'init.mp4', '.m4s', 'm4s');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 10 }), (text) => {
        const file = parseMediaFileName(text);
        if (file !== undefined) expect(nameOf(file)).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    '',
    'index.m3u8',
    '1-0-7.mp4',
    '1-0-init.m4s',
    '1-7.m4s',
    '1-0--7.m4s',
    '1-0-7.m4s\n',
    ' 1-0-7.m4s',
    '../1-0-7.m4s',
    '1-0-7.2.3.m4s',
    '1-0-12345678901.m4s',
    '1-0-1e3.m4s',
  ])('%j names no media file', (name) => {
    expect(parseMediaFileName(name)).toBeUndefined();
  });
});
