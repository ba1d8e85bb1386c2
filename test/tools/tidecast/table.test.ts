import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fleetLines } from '../../../tools/tidecast/fleet-lines.ts';
import { table } from '../../../tools/tidecast/table.ts';
import { paintFor, widthOf } from '../../../tools/tidecast/text.ts';
import { fleet, nowMs } from './fleet.ts';

const paint = paintFor(false);

describe('the table of the fleet', () => {
  it('fits 80 columns, with what has no place on a line below', () => {
    const lines = fleetLines(fleet, { now: nowMs, width: 80, paint });
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(80);
    expect(lines.slice(lines.indexOf('') + 1)).toEqual([
      'HOST        SLOT   TASK      IMAGE    STATE      SHOWS     POINTS   CPU  FRONT',
      'i-0a1b2c3d  in-01  0f3c9a2e  3fa9c1d  serving        1  1000/4000  31 %  front',
      '    address 203.0.113.7',
      'i-0ffe2c3d  in-02  5b1d7e66  77ab12c  draining       2  2000/4000  52 %',
      '    address 203.0.113.8 · why waits for 2 broadcasts to end, the longest of them',
      '    on air for 26 h',
      'i-0bbe2c3d  in-03  5b1dffff  3fa9c1d  lost           0     0/4000  10 %',
      '    address 203.0.113.9 · why not heard from for 5 min',
      'i-0cce2c3d                            launching',
    ]);
  });

  it('colours what needs eyes', () => {
    const lines = fleetLines(fleet, { now: nowMs, width: 80, paint: paintFor(true) });
    expect(lines.find((line) => line.includes('in-03') && line.includes('5b1dffff'))).toContain(
      '\u001b[31mlost',
    );
    expect(lines.find((line) => line.includes('stuck-drain'))?.startsWith('\u001b[31m')).toBe(true);
  });
});

describe('any table', () => {
  const rows = fc.array(fc.tuple(fc.string({ maxLength: 30 }), fc.string({ maxLength: 30 }), fc.string()), {
    minLength: 1,
  });

  it('loses no value, however narrow it is', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 10, max: 120 }), (all, width) => {
        const columns = [0, 1, 2].map((at) => ({
          title: `C${at}`,
          keep: at,
          cell: (row: (typeof all)[number]) => ({ text: row[at] ?? '' }),
        }));
        const squeezed = table(columns, all, { width, paint }).join('').replaceAll(' ', '');
        for (const row of all) for (const value of row) expect(squeezed).toContain(value.replaceAll(' ', ''));
      }),
    );
  });
});
