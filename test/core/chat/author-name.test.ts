import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { authorName } from '../../../core/chat/author-name.ts';

const id = 'abcdef0123456789abcd';
const nameOf = (said?: string): string => authorName(said, id);

describe('the name of an author', () => {
  it.each([
    ['Aiko', 'Aiko'],
    ['  Aiko \n Tanaka\t', 'Aiko Tanaka'],
    ['田中　太郎', '田中 太郎'],
    ['Zoe\u0308', 'Zoë'],
    ['admin\u202E\u2066txt', 'admintxt'],
    ['A\u200Bi\u200Dko\uFEFF', 'Aiko'],
    ['a\u0007b\u0000c', 'abc'],
    ['a\u200D\u0301', '\u00E1'],
    ['<script>alert(1)</script>', '<script>alert(1)</script>'],
  ])('of %j is %j', (said, name) => {
    expect(nameOf(said)).toBe(name);
  });

  it.each([
    undefined,
    '',
    ' \n ',
    '\u3164\u115F\u2800',
    'aiko@mail.example',
    '0c2d7a1e-9a4b-4f6e-8d1a-1f2e3d4c5b6a',
  ])('of %j is made from the id', (said) => {
    expect(nameOf(said)).toBe('viewer-abcd');
  });

  it('has no towers of accents', () => {
    expect(nameOf(`q${'\u0300'.repeat(30)}`)).toBe('q\u0300\u0300\u0300');
  });

  it('is cut between what people see as characters', () => {
    expect(nameOf('x'.repeat(50))).toBe('x'.repeat(40));
    expect(nameOf(`${'x'.repeat(39)}e\u0323\u0302`)).toBe('x'.repeat(39) + 'ệ');
    expect(nameOf(`${'x'.repeat(39)}🇯🇵`)).toBe('x'.repeat(39));
  });

  it('is one short line that can be seen, whatever was said', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string()),
        (said) => {
          const name = nameOf(said);
          expect(name.trim()).toBe(name);
          expect(name).not.toBe('');
          expect(Array.from(name).length).toBeLessThanOrEqual(40);
          expect(name.isWellFormed()).toBe(true);
          expect(name).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|\p{M}{4}/u);
          expect(nameOf(name)).toBe(name);
        },
      ),
      { numRuns: 200 },
    );
  });
});
