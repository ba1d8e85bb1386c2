import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { colourOf, countOf, nameColours, parse } from '../../../../web/watch/chat/text.ts';

const kinds = (text: string, me?: string) =>
  parse(text, me)
    .parts.filter(({ kind }) => kind !== 'text')
    .map(({ kind, text: each }) => `${kind}:${each}`);

describe('a message’s text', () => {
  it('is shown whole, whatever is found in it', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, me) => {
        expect(
          parse(text, me)
            .parts.map((part) => part.text)
            .join(''),
        ).toBe(text);
      }),
    ));

  it('is shown whole with everything mixed', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(
            '@robin',
            '@Robin',
            'https://a.example/x',
            'http://',
            '🔥',
            '👩‍🚀',
            ' ',
            ')',
            '@',
            '.',
            'すごい',
            '1️⃣',
          ),
        ),
        (pieces) => {
          const text = pieces.join('');
          expect(
            parse(text, 'Robin')
              .parts.map((part) => part.text)
              .join(''),
          ).toBe(text);
        },
      ),
    ));

  it.each([
    ['see https://a.example/x?y=1, or not', ['link:https://a.example/x?y=1']],
    ['(http://a.example)', ['link:http://a.example']],
    ['これ https://a.example/。', ['link:https://a.example/']],
    ['javascript:alert(1) data:text/html,x ftp://a.example', []],
    ['https://bank.example@evil.example/', []],
    ['https://', []],
    ['a.example www.a.example', []],
  ])('has only addresses that are spelled out as links: %s', (text, wanted) =>
    expect(kinds(text)).toEqual(wanted),
  );

  it('leads to the web and nowhere else, as it is read', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(
            'http://',
            'HTTPS://',
            'javascript:',
            'data:',
            'a.example',
            '/',
            '@',
            ':',
            '%00',
            '\\',
            '#',
            ' ',
          ),
        ),
        (pieces) => {
          for (const part of parse(pieces.join('')).parts) {
            if (part.kind !== 'link') continue;
            const { protocol, username } = new URL(part.href);
            expect([['http:', 'https:'].includes(protocol), username]).toEqual([true, '']);
          }
        },
      ),
    ));

  it.each([
    ['@robin hi', ['me:@robin']],
    ['hi @ROBIN!', ['me:@ROBIN']],
    ['hi @Robin2', ['mention:@Robin2']],
    ['mail robin@robin.example', []],
    ['@Ana and @たけし', ['mention:@Ana', 'mention:@たけし']],
  ])('mentions me in any case, and others plainly: %s', (text, wanted) =>
    expect(kinds(text, 'Robin')).toEqual(wanted),
  );

  it('mentions a name with spaces', () =>
    expect(kinds('ask @robin hood now', 'Robin Hood')).toEqual(['me:@robin hood']));

  it.each([
    ['🔥', true],
    ['🔥 👍🏽 👩‍👩‍👧', true],
    ['🇯🇵', true],
    ['🔥 lol', false],
    ['12', false],
    ['🔥🔥🔥🔥🔥🔥🔥', false],
    [' ', false],
  ])('is large when it is a few emoji and nothing else: %s', (text, wanted) =>
    expect(parse(text).isOnlyEmoji).toBe(wanted),
  );

  it('is counted as people count', () => expect(countOf('é👩‍👩‍👧🇯🇵か\u3099')).toBe(4));
});

describe('the colour of a name', () => {
  it('is always the same, and all of them are used', () => {
    const used = new Set(Array.from({ length: 500 }, (_, i) => colourOf(`person-${i}`)));
    expect([...used].every((colour) => colour >= 0 && colour < nameColours)).toBe(true);
    expect(used.size).toBe(nameColours);
    expect(colourOf('person-7')).toBe(colourOf('person-7'));
  });
});
