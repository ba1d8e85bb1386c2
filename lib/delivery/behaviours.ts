import { Duration } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { routes, type Route } from '../../core/routes.ts';
import type { CachePolicies } from './cache-policies.ts';
import type { HeaderPolicies } from './header-policies.ts';
import type { Origins } from './origins.ts';

export interface Rules {
  readonly caching: CachePolicies;
  readonly headers: HeaderPolicies;
  readonly origins: Origins;
  readonly cookieKeyGroup: cloudfront.IKeyGroup;
}

/** Matches every path: a distribution's default behaviour. */
export const everything = '/*';

/** What a distribution of its own may deliver: nothing that needs a function, an identity or a firewall. */
export const mediaRoutes: readonly Route[] = routes.filter(
  ({ origin }) => origin === 'ingest' || origin === 'archive',
);

/** A route as CloudFront has it. */
export function behaviourOf(route: Route, { caching, headers, origins, cookieKeyGroup }: Rules) {
  const forwarding = caching.forwarding(route);
  const sent = headers.of(route);
  return {
    origin: origins.of(route.origin),
    allowedMethods:
      route.methods === 'all'
        ? cloudfront.AllowedMethods.ALLOW_ALL
        : cloudfront.AllowedMethods.ALLOW_GET_HEAD,
    cachePolicy: caching.caching(route),
    compress: route.compress,
    // People type addresses without https; programs must not send a token first and be redirected then.
    viewerProtocolPolicy:
      route.name === 'pages'
        ? cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS
        : cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
    ...(forwarding && { originRequestPolicy: forwarding }),
    ...(sent && { responseHeadersPolicy: sent }),
    ...(route.access === 'signed-cookie' && { trustedKeyGroups: [cookieKeyGroup] }),
  } satisfies cloudfront.BehaviorOptions;
}

/** Those of a distribution beside its default, by path, in the table's order. */
export const behavioursOf = (
  table: readonly Route[],
  rules: Rules,
): Readonly<Record<string, cloudfront.BehaviorOptions>> =>
  Object.fromEntries(
    table.filter(({ path }) => path !== everything).map((route) => [route.path, behaviourOf(route, rules)]),
  );

/** All that an origin or CloudFront itself may answer with and CloudFront would keep. */
const errors = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504] as const;

/**
 * How long errors are kept. CloudFront has one rule for a whole distribution: that of the route with the least
 * patience, as a playlist that is late for a moment must not be missing for ten seconds.
 */
export function errorResponses(table: readonly Route[]): cloudfront.ErrorResponse[] {
  const ttl = Duration.seconds(Math.min(...table.map(({ errorTtlS }) => errorTtlS)));
  return errors.map((httpStatus) => ({ httpStatus, ttl }));
}
