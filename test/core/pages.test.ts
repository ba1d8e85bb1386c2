import { describe, expect, it } from 'vitest';
import { pageFile, pageHeaders } from '../../core/pages.ts';

describe('pageFile', () => {
  it.each([
    ['/', 'index.html'],
    ['/watch/01k9x3v7q2m4n6p8r0s2t4v6w8', 'watch.html'],
    ['/watch/x/', 'watch.html'],
    ['/studio', 'studio.html'],
    ['/studio/01k9x3', 'studio.html'],
    ['/ops', 'ops.html'],
    ['/signed-in', 'signed-in.html'],
  ])('%s is %s', (path, file) => expect(pageFile(path)).toBe(file));

  it.each([
    '/watch',
    '/watch/',
    '/watch/a/b',
    '/studios',
    '/signed-in/x',
    '/ops/x',
    '/../etc/passwd',
    '/nowhere',
    '//',
    '',
  ])('%s is no page', (path) => expect(pageFile(path)).toBeUndefined());
});

describe('pageHeaders', () => {
  const policy = (issuer: string, media?: readonly string[]): string =>
    pageHeaders(issuer, media)['content-security-policy'] ?? '';

  it('lets pages talk to the issuer and to nobody else', () => {
    expect(policy('https://id.example.com/pool')).toContain("connect-src 'self' https://id.example.com;");
  });

  it('names media distributions where media comes from', () => {
    expect(policy('https://id.example.com', ['https://m1.example.com'])).toContain(
      "media-src 'self' blob: https://m1.example.com",
    );
  });

  it('never allows inline scripts or eval', () => {
    expect(policy('https://id.example.com')).not.toMatch(/unsafe/);
  });
});
