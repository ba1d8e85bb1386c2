/** What every page is sent with. Shared by every edge. */

export { notFoundFile, pageFile } from './page-files.ts';

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
