/** Which built page answers which path, and what every page is sent with. Shared by every edge. */

/** The page for paths that no page answers; sent with status 404. */
export const notFoundFile = 'not-found.html';

const pages: readonly (readonly [RegExp, string])[] = [
  [/^\/(?:index\.html)?$/, 'index.html'],
  // One name after /watch/ and nothing below it: a broadcast has no sub-pages.
  [/^\/watch\/[^/]+\/?$/, 'watch.html'],
  [/^\/studio(?:\/|$)/, 'studio.html'],
  [/^\/ops\/?$/, 'ops.html'],
  [/^\/signed-in\/?$/, 'signed-in.html'],
];

/** The file under dist/web for a path (no query). Undefined: no page has that path. */
export const pageFile = (path: string): string | undefined =>
  pages.find(([pattern]) => pattern.test(path))?.[1];

/**
 * Headers of every HTML page. The pages bring all they need themselves, so everything else is shut:
 * `blob:` is for Media Source Extensions, the issuer for discovery and the token request, `mediaOrigins`
 * for media that comes from distributions of its own.
 */
export function pageHeaders(
  issuer: string,
  mediaOrigins: readonly string[] = [],
): Readonly<Record<string, string>> {
  const media = mediaOrigins.map((origin) => ` ${origin}`).join('');
  return {
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      `img-src 'self' data: blob:${media}`,
      `media-src 'self' blob:${media}`,
      "worker-src 'self' blob:",
      `connect-src 'self' ${new URL(issuer).origin}${media}`,
      "manifest-src 'self'",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ].join('; '),
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  };
}
