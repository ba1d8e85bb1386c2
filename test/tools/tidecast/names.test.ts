import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pick, type Named } from '../../../tools/tidecast/names.ts';

const task = (id: string): Named => ({ kind: 'task', id });

describe('a word on the command line', () => {
  it('means the thing with that very id, also where it begins another', () => {
    expect(pick('in-1', [task('in-1'), task('in-10')])).toEqual(task('in-1'));
  });

  it('means the only thing that begins so, in any case of letters', () => {
    expect(pick('0F3', [task('0f3c'), task('5b1d')])).toEqual(task('0f3c'));
  });

  it('means one thing only, though a host stands in many decisions', () => {
    expect(
      pick(
        'i-0',
        [1, 2, 3].map(() => ({ kind: 'host', id: 'i-0abc' }) as const),
      ),
    ).toEqual({
      kind: 'host',
      id: 'i-0abc',
    });
  });

  it('is never decided for a person when it may mean two', () => {
    const ids = fc.uniqueArray(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 6 }));
    fc.assert(
      fc.property(
        ids,
        fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 6 }),
        (all, word) => {
          const begins = all.filter((id) => id.startsWith(word));
          const pickIt = (): Named | undefined => pick(word, all.map(task));
          if (all.includes(word)) expect(pickIt()?.id).toBe(word);
          else if (begins.length > 1) expect(pickIt).toThrow(/may mean/);
          else expect(pickIt()?.id).toBe(begins[0]);
        },
      ),
    );
  });
});
