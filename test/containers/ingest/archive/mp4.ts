/** The least fragmented MP4 that durationOf reads: one video track, one sample a segment. */
const timescale = 90_000;

function box(type: string, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

const u32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
};

/** @param label makes the bytes of different runs differ. */
export const tinyInit = (label: string): Buffer =>
  Buffer.concat([
    box('ftyp', Buffer.from('iso6')),
    box(
      'moov',
      box(
        'trak',
        box('tkhd', u32(0, 0, 0, 1)),
        box('mdia', box('mdhd', u32(0, 0, 0, timescale)), box('hdlr', u32(0, 0), Buffer.from('vide'))),
      ),
      box('mvex', box('trex', u32(0, 1, 1, 0, 0, 0))),
    ),
    box('free', Buffer.from(label)),
  ]);

const trunDuration = 0x100;

/** Two chunks, as a packager with two parts would hand them over. */
export function tinySegment(durationS: number, label: string): readonly Buffer[] {
  const part = box(
    'moof',
    box('traf', box('tfhd', u32(0, 1)), box('trun', u32(trunDuration, 1, (durationS * timescale) / 2))),
  );
  return ['a', 'b'].map((half) => Buffer.concat([part, box('mdat', Buffer.from(`${label} ${half}`))]));
}
