/** What every page is sent with. Shared by every edge. */

export { notFoundFile, pageFile } from './page-files.ts';

/** Cache-Control of what is under assets/: the names are hashed. */
export const assetCaching = 'public, max-age=31536000, immutable';
/** Pages name hashed assets, so a browser must ask again each time; the edge keeps them for a minute. */
export const pageCaching = 'public, max-age=0, s-maxage=60';

/**
 * Headers of every HTML page. The pages bring all they need themselves, so everything else is shut:
 * `blob:` is for Media Source Extensions, the issuer for discovery and the token request, `mediaOrigins`
 * for media that comes from distributions of its own, `tokenOrigins` for an issuer that gives its tokens elsewhere.
 */
export function pageHeaders(
  issuer: string,
  mediaOrigins: readonly string[] = [],
  tokenOrigins: readonly string[] = [],
): Readonly<Record<string, string>> {
  const listed = (origins: readonly string[]): string => origins.map((origin) => ` ${origin}`).join('');
  const media = listed(mediaOrigins);
  return {
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      `img-src 'self' data: blob:${media}`,
      `media-src 'self' blob:${media}`,
      "worker-src 'self' blob:",
      `connect-src 'self' ${new URL(issuer).origin}${listed(tokenOrigins)}${media}`,
      "manifest-src 'self'",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ].join('; '),
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  };
}
