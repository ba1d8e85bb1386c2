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
    ['Aiko ★', 'Aiko'],
    ['👑 Queen 👑', 'Queen'],
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

  it.each(Array.from('✓✔☑✅🗸√★☆⭐🌟✪👑♛🛡⚔🗡🔧🔨🛠⚙🎖🏅🥇💎🔰'))(
    'never shows the badge %s, not even of staff',
    (badge) => {
      expect(nameOf(`${badge}\uFE0F Aiko${badge}`)).toBe('Aiko');
      expect(authorName(`Aiko ${badge}`, id, { role: 'broadcaster' })).toBe('Aiko');
      expect(nameOf(badge)).toBe('viewer-abcd');
    },
  );

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

/** Readable corpora: entries are divided by bars. */
const corpus = (text: string): readonly string[] => text.split('|');

describe('a viewer', () => {
  it.each(
    corpus(
      'operator|Operator|MODERATOR|mod|Mods|admin|Administrator|Broadcaster|Tidecast|Tidecast Team|system|host|The Host|Staff|' +
        '✔ Moderator|[Mod] Tom|Tom (host)|【公式】田中|Mod: Tom|~Admin~|-=Host=-|__mod__|@moderator|Tom the Moderator|Mod7|Admin1|' +
        'ModTom|TomMod|xXAdminXx|M0derator|Мoderator|Mоdеrаtоr|Operätor|Adrnin|rnoderator|TldeCast|T1decast|H0st|𝐌𝐨𝐝|ⓂⓄⒹ|🅼🅾🅳|ｓｙｓｔｅｍ|' +
        'M.o.d|m o d|Mode rator|Tide cast|a\u200Bdmin|ad✔min|管理人|運営|運営スタッフ|モデレーター|もでれーたー|配信者|公式|Tom公式|田中モデレーター|ｼｽﾃﾑ|管理 人',
    ),
  )('is not called %s', (said) => {
    expect(nameOf(said)).toBe('viewer-abcd');
  });

  it.each(
    corpus(
      'Modesty|Hostetler|Admiral|Commodore|Modem|Moody|Nomad|Modi|Hostess|Systematic|Sound System|Sam Odell|Tide|Adam Min|Jim Odin|' +
        'Operetta|非公式|公式戦|元配信者|ホステス|モデル|Tom|田中太郎|Ольга|Ελένη',
    ),
  )('may be called %s', (said) => {
    expect(nameOf(said)).toBe(said);
  });

  it('is not called what takes long to compare', () => {
    expect(nameOf('ﷺ'.repeat(40))).toBe('viewer-abcd');
    expect(nameOf('محمد ﷺ')).toBe('محمد ﷺ');
  });

  it.each(['Aiko Plays', 'aiko plays', 'AikoPlays', 'Аikо Рlауs', 'A1ko Plays', '~ Aiko Plays ~'])(
    'is not called like the channel: %s',
    (said) => {
      expect(authorName(said, id, { role: 'viewer', channelName: 'Aiko Plays' })).toBe('viewer-abcd');
      expect(authorName(said, id, { role: 'broadcaster', channelName: 'Aiko Plays' })).toBe(said);
      expect(authorName(said, id, { role: 'viewer', channelName: 'Another' })).toBe(said);
    },
  );

  it('is called as always in a channel whose name has no letters', () => {
    expect(authorName('Aiko', id, { role: 'viewer', channelName: '♪♪' })).toBe('Aiko');
    expect(authorName('♪', id, { role: 'viewer', channelName: '♪♪' })).toBe('♪');
  });
});

describe('staff', () => {
  it.each(['moderator', 'broadcaster', 'operator'] as const)('who are %s keep their names', (role) => {
    expect(authorName('Tidecast Operator', id, { role })).toBe('Tidecast Operator');
    expect(authorName('[Mod] Tom', id, { role })).toBe('[Mod] Tom');
  });
});
