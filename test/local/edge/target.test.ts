import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxTargetLength, readTarget, relativeName } from '../../../local/edge/target.ts';

const refusedPaths = [
  ['a whole URL', 'http://127.0.0.1/live/x'],
  ['an authority', 'example.com:80'],
  ['a star', '*'],
  ['nothing', ''],
  ['a ".." part', '/assets/../index.html'],
  ['an escaped ".." part', '/assets/%2e%2e/index.html'],
  ['a half escaped ".." part', '/assets/.%2E/index.html'],
  ['a "." part at the end', '/assets/.'],
  ['an escaped slash', '/assets/..%2findex.html'],
  ['an escaped slash in capitals', '/assets%2F..%2Findex.html'],
  ['a backslash', '/assets\\..\\index.html'],
  ['an escaped backslash', '/assets/..%5cindex.html'],
  ['an escaped NUL', '/index.html%00.js'],
  ['an escaped line break', '/x%0d%0aset-cookie:a=b'],
  ['a doubled slash', '/archive//b1/master.m3u8'],
  ['a doubled slash at the start', '//example.com/'],
  ['a broken escape', '/x%zz'],
  ['a cut escape', '/x%4'],
  ['a space', '/a b'],
  ['a byte above ASCII', '/\u00e9'],
  ['a fragment', '/x#y'],
  ['a fragment in the query', '/x?y#z'],
  ['a quotation mark', '/"'],
] as const;

describe('readTarget', () => {
  test.each(refusedPaths)('refuses %s', (_what, url) => {
    expect(readTarget(url)).toMatchObject({ ok: false, status: 400 });
  });

  test('refuses an address that is too long with 414', () => {
    expect(readTarget(`/${'a'.repeat(maxTargetLength)}`)).toMatchObject({ ok: false, status: 414 });
    expect(readTarget(`/${'a'.repeat(maxTargetLength - 1)}`)).toMatchObject({ ok: true });
  });

  test('parts path and query at the first question mark', () => {
    expect(readTarget('/a?b=c?d')).toEqual({ ok: true, path: '/a', query: 'b=c?d' });
    expect(readTarget('/a')).toEqual({ ok: true, path: '/a', query: '' });
  });

  test('undoes needless escapes, so that a protected path has no second name', () => {
    expect(readTarget('/%61rchive/b%31/master.m3u%38')).toMatchObject({ path: '/archive/b1/master.m3u8' });
  });

  test('keeps needed escapes in one spelling', () => {
    expect(readTarget('/a%c3%a9%3f')).toMatchObject({ path: '/a%C3%A9%3F' });
  });

  test('does not undo an escape twice', () => {
    expect(readTarget('/%252e%252e/x')).toMatchObject({ path: '/%252e%252e/x' });
  });

  const wild = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '/',
          '.',
          '..',
          '%',
          '%2e',
          '%2F',
          '%5C',
          '%00',
          '\\',
          '//',
          '?',
          '#',
          '%25',
          'archive',
          ';',
        ),
        fc.string({ unit: 'binary', maxLength: 3 }),
      ),
      { maxLength: 12 },
    )
    .map((parts) => `/${parts.join('')}`);

  test('gives only paths that stay where they are, however they are read afterwards', () => {
    fc.assert(
      fc.property(wild, (url) => {
        const target = readTarget(url);
        fc.pre(target.ok);
        if (!target.ok) return;
        expect(new URL(target.path, 'http://x').pathname).toBe(target.path);
        expect(readTarget(target.path)).toEqual({ ok: true, path: target.path, query: '' });
        const decoded = Buffer.from(target.path.replaceAll('%', '='), 'latin1').toString();
        expect(decoded).not.toMatch(/\\|\/\/|=2F|=5C|=[01].|=7F/);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('relativeName', () => {
  test('is the path without its first slash', () => {
    expect(relativeName('/archive/b1/360p/1-0-7.m4s')).toBe('archive/b1/360p/1-0-7.m4s');
  });

  test.each(['/', '/a/', '/.git/config', '/a/.env', '/a%20b', '/a//b', '/../a', 'a', '/a\\b', '/~a', '/a:b'])(
    '%s names nothing',
    (path) => {
      expect(relativeName(path)).toBeUndefined();
    },
  );

  test('never leaves the directory', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('/', '.', 'a', '%', '\\', '\0', '-') }), (path) => {
        const name = relativeName(path);
        if (name === undefined) return;
        expect(name).not.toMatch(/(^|\/)\.|\\|\0|^\/|\/\/|%/);
      }),
      { numRuns: 2_000 },
    );
  });
});
