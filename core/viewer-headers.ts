import type { Route } from './routes.ts';

/**
 * Headers that the edge sets on a route's answers, whatever the origin says: the local edge adds them and
 * CloudFront's response headers policies are made from them. Those of HTML pages are in pages.ts.
 */
export function viewerHeaders(route: Route): Readonly<Record<string, string>> {
  if (route.origin !== 'ingest' && route.origin !== 'archive') return {};
  const sniffing = { 'x-content-type-options': 'nosniff' };
  // With cookies a browser wants the asking site by name instead of `*`; pages and media share one site.
  if (route.access !== 'open') return sniffing;
  // hls.js reads Age for its CDN tune-in, and a page of another site sees it only when it is exposed.
  return {
    ...sniffing,
    'access-control-allow-origin': '*',
    'access-control-expose-headers': 'Age, Date',
    // Players estimate their bandwidth by the browser's own timing, which another site's page sees only with this.
    'timing-allow-origin': '*',
  };
}
