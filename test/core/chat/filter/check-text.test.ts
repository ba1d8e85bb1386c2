import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkText, type TextVerdict } from '../../../../core/chat/filter/check-text.ts';
import { compileWords } from '../../../../core/chat/filter/words.ts';
import type { ChatRole } from '../../../../core/chat/message.ts';
import { defaultSettings, type ChatRules } from '../../../../core/chat/mode.ts';

const words = compileWords(['darn', 'バカ']);
const check = (text: string, rules: Partial<ChatRules> = {}, role: ChatRole = 'viewer'): TextVerdict =>
  checkText(text, { rules: { ...defaultSettings, ...rules }, words, role });
const reasonFor = (verdict: TextVerdict): string => (verdict.ok ? 'taken' : verdict.reason);

const family = '👩🏽‍❤️‍💋‍👨🏿';
const scotland = '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}';

describe('the text that is stored', () => {
  it.each([
    ['  hello  ', 'hello'],
    ['a\r\n\tb  c\u3000d\u00a0e\u2028f\u0085g', 'a b c d e f g'],
    ['か\u3099e\u0301', 'がé'],
    ['in\u200bvis\u00adible\ufeff', 'invisible'],
    ['a\u2800\u2800b', 'a b'],
    [`${family}${scotland}1️⃣🇯🇵❤️‍🔥`, `${family}${scotland}1️⃣🇯🇵❤️‍🔥`],
    ['<script>alert(1)</script>', '<script>alert(1)</script>'],
  ])('of %j is %j', (text, stored) => {
    expect(check(text)).toEqual({ ok: true, text: stored });
  });

  it.each([
    'ภาษาไทยน้ำใจที่นี่',
    'Tiếng Việt: ế ộ ữ',
    'क्ष्मा हिन्दी स्त्रियों र्ज़ी',
    'مُحَمَّدٌ اللّٰه',
    'می\u200cخواهم',
    'שָׁלוֹם',
    'ကြွေးမြို့',
    'བསྒྲུབས',
    'నిర్మించు',
    'ស្ត្រី',
    '辻\u{e0100}さん',
    'Ç̧̃o',
    '한국어 채팅',
    '(╯°□°)╯︵ ┻━┻',
    '¯\\_(ツ)_/¯',
    'ﾟ∀ﾟ',
  ])('may be %s', (text) => {
    expect(reasonFor(check(text, { maxLength: 300 }))).toBe('taken');
  });
});

describe('a text is refused', () => {
  it.each([
    ['a control character', 'a\u0000b'],
    ['an escape', 'a\u001b[31mb'],
    ['an override of direction', 'a\u202etxt.exe'],
    ['an isolate of direction', 'a\u2067b'],
    ['half a surrogate pair', 'a\ud800'],
    ['zalgo', 'Z\u0327\u030a\u0308\u0302\u0303a'],
    ['zalgo with joiners', 'e\u0301\u200d\u0302\u200d\u0301\u200d'],
    ['towers of Thai vowels', 'ส็็็็'],
    ['hidden letters of tags', 'x\u{e0041}\u{e0042}'],
    ['private use', 'a\ue000'],
    ['a noncharacter', 'a\uffff'],
    ['an object replacement', 'a\ufffc'],
  ])('for %s', (_, text) => {
    expect(reasonFor(check(text))).toBe('bad-characters');
    expect(reasonFor(check(text, {}, 'operator'))).toBe('bad-characters');
  });

  it.each(['', '   ', '\n', '\u200b\u200b', '\u3164', '\u2800 \u2800', '\u200d', '\ufe0f', '\u00ad'])(
    'that shows nothing: %j',
    (text) => {
      expect(reasonFor(check(text))).toBe('empty');
    },
  );

  it('that is longer than the rule, counted as people do', () => {
    expect(reasonFor(check('あ'.repeat(200)))).toBe('taken');
    expect(reasonFor(check('あ'.repeat(201)))).toBe('too-long');
    expect(reasonFor(check('が'.normalize('NFD').repeat(200)))).toBe('taken');
    expect(reasonFor(check(family.repeat(20), { maxLength: 20 }))).toBe('too-long');
    expect(reasonFor(check(family.repeat(10), { maxLength: 20 }))).toBe('taken');
    expect(reasonFor(check(`${' '.repeat(500)}a`))).toBe('taken');
  });

  it('that is one character of a thousand', () => {
    const chain = Array.from({ length: 1_000 }, () => '👩').join('\u200d');
    expect(reasonFor(check(chain, {}, 'broadcaster'))).toBe('too-long');
    expect(reasonFor(check('x'.repeat(100_000)))).toBe('too-long');
    expect(reasonFor(check(' '.repeat(100_000)))).toBe('too-long');
  });

  it('with more emoji than the rule, counted as they are drawn', () => {
    const three = { maxEmoji: 3 };
    expect(reasonFor(check(`${family}${scotland}1️⃣`, three))).toBe('taken');
    expect(reasonFor(check('🇯🇵🇫🇷👍🏽❤️', three))).toBe('too-many-emoji');
    expect(reasonFor(check('😀\u200d😀\u200d😀\u200d😀', three))).toBe('too-many-emoji');
    expect(reasonFor(check('1 2 3 4 # * © ™ ☺ ★', three))).toBe('taken');
    expect(reasonFor(check('😀', { maxEmoji: 0 }))).toBe('too-many-emoji');
    expect(reasonFor(check('😀'.repeat(50), three, 'moderator'))).toBe('taken');
  });

  it('with a link, unless the rules or the role allow it', () => {
    expect(reasonFor(check('see example.com'))).toBe('link');
    expect(reasonFor(check('see example.com', { links: 'allowed' }))).toBe('taken');
    expect(reasonFor(check('see example.com', {}, 'moderator'))).toBe('taken');
  });

  it('with a blocked word, unless staff says it; and the words are not told', () => {
    const verdict = check('well, d.a.r.n it');
    expect(reasonFor(verdict)).toBe('blocked-word');
    expect(JSON.stringify(verdict)).not.toContain('darn');
    expect(reasonFor(check('バカ', {}, 'broadcaster'))).toBe('taken');
  });

  it('with words that tell the rule', () => {
    expect(check('a'.repeat(60), { maxLength: 50 })).toMatchObject({ detail: expect.stringContaining('50') });
    expect(check('😀😀', { maxEmoji: 1 })).toMatchObject({ detail: expect.stringContaining('1 emoji') });
  });
});

describe('whatever is sent', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ unit: 'grapheme', maxLength: 100 }),
    fc
      .array(
        fc.constantFrom(
          ...[
            '\u0301',
            '\u3099',
            '\u200d',
            '\u200c',
            '\u00ad',
            '\u1160',
            ' ',
            '\u3000',
            'a',
            'か',
            'ᄀ',
            'ᅡ',
            '👩',
            '\ufe0f',
          ],
          ...[
            '.',
            '://',
            'www',
            'com',
            '\u202e',
            '\ud83d',
            '\u{e0067}',
            '🏴',
            '1',
            '\u20e3',
            '🇯',
            'ﾞ',
            '\u0340',
            '\u2126',
          ],
        ),
        { maxLength: 60 },
      )
      .map((parts) => parts.join('')),
  );

  it('never throws, and what was taken is taken again as it is', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const verdict = check(text, { links: 'allowed', maxEmoji: 500, maxLength: 300 });
        if (!verdict.ok) return;
        expect(check(verdict.text, { links: 'allowed', maxEmoji: 500, maxLength: 300 })).toEqual(verdict);
        expect(verdict.text.isWellFormed()).toBe(true);
        expect(verdict.text).toBe(verdict.text.normalize('NFC').trim());
        expect(verdict.text).not.toMatch(/\s\s|[\n\r\t]/u);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is weighed in a moment, however hostile', () => {
    const rules = { maxLength: 300 };
    for (const part of [
      'a',
      'a.',
      '1.',
      'h ',
      'h t',
      ' dot com',
      '(',
      '[ .',
      'a。',
      '-',
      'ⓐ',
      '\u0301a',
      '👩\u200d',
      'ab:',
      'a+',
      '1.2.3.4',
      'ドット',
    ]) {
      const text = part.repeat(Math.floor(9_600 / part.length));
      check(text, rules);
      const start = process.threadCpuUsage();
      check(text, rules);
      check(text.slice(0, 2_400), rules);
      // Of the processor, so that a busy machine does not decide. Alone it takes up to 10 ms.
      const { user, system } = process.threadCpuUsage(start);
      expect((user + system) / 1_000, part).toBeLessThan(150);
    }
  });
});
