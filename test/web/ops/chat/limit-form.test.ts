import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limitChanges } from '../../../../containers/api/chat/schemas.ts';
import { defaultLimits } from '../../../../core/chat/limits.ts';
import { limitFields, readLimits, typedOf, type TypedLimits } from '../../../../web/ops/chat/limit-form.ts';

const read = (change: Partial<TypedLimits>) =>
  readLimits({ ...typedOf(defaultLimits), ...change }, defaultLimits);

describe('what is typed for the limits', () => {
  it('changes nothing while it says what holds', () => {
    expect(read({})).toEqual({ changes: [], wrong: new Map(), body: {} });
    expect(read({ 'platform.perS': ' 2000.0 ' }).changes).toEqual([]);
  });

  it('is a change of the whole bucket, and of no other', () => {
    const { changes, body } = read({ 'platform.perS': '3000', shownPerS: '30' });
    expect(changes).toEqual([
      { label: 'Platform, posts a second', from: 2_000, to: 3_000 },
      { label: 'Shown on a screen, messages a second', from: 50, to: 30 },
    ]);
    expect(body).toEqual({ platform: { perS: 3_000, burst: 4_000 }, shownPerS: 30 });
  });

  it.each([
    ['', 'Must be a number.'],
    ['many', 'Must be a number.'],
    ['Infinity', 'Must be a number.'],
    ['0', 'Must be from 0.001 to 1,000,000.'],
    ['-1', 'Must be from 0.001 to 1,000,000.'],
    ['1000001', 'Must be from 0.001 to 1,000,000.'],
  ])('%j is refused in words', (text, words) => {
    const { wrong, body } = read({ 'person.perS': text });
    expect(wrong).toEqual(new Map([['person.perS', words]]));
    expect(body).toEqual({});
  });

  it('is taken by the API whenever it is taken here', () => {
    const text = fc.oneof(fc.string(), fc.double().map(String), fc.integer().map(String));
    const typed = fc.record(Object.fromEntries(limitFields.map(({ name }) => [name, text])));
    fc.assert(
      fc.property(typed, (all) => {
        const { changes, wrong, body } = readLimits(all as TypedLimits, defaultLimits);
        if (wrong.size > 0 || changes.length === 0) return;
        expect(limitChanges.safeParse(body).success).toBe(true);
      }),
    );
  });
});
