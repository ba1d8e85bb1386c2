import { Duration } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { Construct } from 'constructs';
import type { Route } from '../../core/routes.ts';

/** CloudFront has 20 policies of each kind for an account: routes that keep alike share one, all distributions too. */
export class CachePolicies extends Construct {
  readonly #made = new Map<string, cloudfront.CachePolicy>();
  readonly #cookies: cloudfront.OriginRequestPolicy;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    // Everything else of a request is in the cache key, and so forwarded.
    this.#cookies = new cloudfront.OriginRequestPolicy(this, 'Cookies', {
      comment: 'Tidecast: lets the origin set cookies',
      cookieBehavior: cloudfront.OriginRequestCookieBehavior.all(),
      headerBehavior: cloudfront.OriginRequestHeaderBehavior.none(),
      queryStringBehavior: cloudfront.OriginRequestQueryStringBehavior.none(),
    });
  }

  /** What of a request is in the cache key, and for how long its answer is kept. */
  caching(route: Route): cloudfront.ICachePolicy {
    if (isNeverKept(route)) return cloudfront.CachePolicy.CACHING_DISABLED;
    const { query, headers, compress, ttl } = route;
    const key = JSON.stringify({ query, headers, compress, ttl });
    const made = this.#made.get(key) ?? this.#make(route);
    this.#made.set(key, made);
    return made;
  }

  /**
   * What goes to the origin beyond the cache key. CloudFront passes `authorization` on only when it is in the key (so
   * for the API) or with all of the viewer's headers, which WebSockets need anyway (so for the chat).
   */
  forwarding(route: Route): cloudfront.IOriginRequestPolicy | undefined {
    if (isNeverKept(route)) return cloudfront.OriginRequestPolicy.ALL_VIEWER;
    return route.setCookie ? this.#cookies : undefined;
  }

  #make({ name, query, headers, compress, ttl }: Route): cloudfront.CachePolicy {
    return new cloudfront.CachePolicy(this, name, {
      comment: `Tidecast: ${name} and what is kept alike`,
      minTtl: Duration.seconds(ttl.minS),
      defaultTtl: Duration.seconds(ttl.defaultS),
      maxTtl: Duration.seconds(ttl.maxS),
      queryStringBehavior:
        query === 'all'
          ? cloudfront.CacheQueryStringBehavior.all()
          : query.length === 0
            ? cloudfront.CacheQueryStringBehavior.none()
            : cloudfront.CacheQueryStringBehavior.allowList(...query),
      headerBehavior:
        headers.length === 0
          ? cloudfront.CacheHeaderBehavior.none()
          : cloudfront.CacheHeaderBehavior.allowList(...headers),
      cookieBehavior: cloudfront.CacheCookieBehavior.none(),
      enableAcceptEncodingGzip: compress,
      enableAcceptEncodingBrotli: compress,
    });
  }
}

/** CloudFront refuses a policy that keeps nothing and has a key all the same: its own one is for that. */
const isNeverKept = ({ ttl }: Route): boolean => ttl.maxS === 0;
