import { Duration } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { Construct } from 'constructs';
import type { Route } from '../../core/routes.ts';
import { viewerHeaders } from '../../core/viewer-headers.ts';

export interface HeaderPoliciesProps {
  /** Of core/pages.ts. */
  readonly pageHeaders: Readonly<Record<string, string>>;
}

/** Only here: the local edge has no TLS. */
const hstsFor = Duration.days(365);

/** What the edge sets on answers, whatever the origin says; routes with the same headers share a policy. */
export class HeaderPolicies extends Construct {
  readonly #pageHeaders: Readonly<Record<string, string>>;
  readonly #made = new Map<string, cloudfront.ResponseHeadersPolicy>();

  constructor(scope: Construct, id: string, { pageHeaders }: HeaderPoliciesProps) {
    super(scope, id);
    this.#pageHeaders = pageHeaders;
  }

  /** Undefined: the origin says everything. */
  of(route: Route): cloudfront.ResponseHeadersPolicy | undefined {
    const isWeb = route.origin === 'web';
    const headers = route.name === 'pages' ? this.#pageHeaders : isWeb ? sniffing : viewerHeaders(route);
    if (Object.keys(headers).length === 0) return undefined;
    const key = JSON.stringify([headers, isWeb]);
    const made = this.#made.get(key) ?? this.#make(route.name, headers, isWeb);
    this.#made.set(key, made);
    return made;
  }

  #make(
    name: string,
    headers: Readonly<Record<string, string>>,
    hasHsts: boolean,
  ): cloudfront.ResponseHeadersPolicy {
    const { security, others } = sorted(headers);
    const cors = corsOf(headers);
    const custom = Object.entries(others).map(([header, value]) => ({ header, value, override: true }));
    return new cloudfront.ResponseHeadersPolicy(this, name, {
      comment: `Tidecast: ${name} and what is sent alike`,
      securityHeadersBehavior: {
        ...security,
        ...(hasHsts && {
          strictTransportSecurity: { accessControlMaxAge: hstsFor, includeSubdomains: false, override: true },
        }),
      },
      ...(cors && { corsBehavior: cors }),
      ...(custom.length > 0 && { customHeadersBehavior: { customHeaders: custom } }),
    });
  }
}

const sniffing = { 'x-content-type-options': 'nosniff' };

/** CloudFront has a place of its own for each of these, and takes them nowhere else. */
function sorted(headers: Readonly<Record<string, string>>): {
  readonly security: cloudfront.ResponseSecurityHeadersBehavior;
  readonly others: Readonly<Record<string, string>>;
} {
  const {
    'x-content-type-options': contentType,
    'content-security-policy': contentSecurityPolicy,
    'referrer-policy': referrerPolicy,
    ...rest
  } = headers;
  return {
    security: {
      ...(contentType !== undefined && { contentTypeOptions: { override: true } }),
      ...(contentSecurityPolicy !== undefined && {
        contentSecurityPolicy: { contentSecurityPolicy, override: true },
      }),
      ...(referrerPolicy !== undefined && {
        referrerPolicy: {
          referrerPolicy: referrerPolicy as cloudfront.HeadersReferrerPolicy,
          override: true,
        },
      }),
    },
    others: Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith('access-control-'))),
  };
}

function corsOf(
  headers: Readonly<Record<string, string>>,
): cloudfront.ResponseHeadersCorsBehavior | undefined {
  const origin = headers['access-control-allow-origin'];
  if (origin === undefined) return undefined;
  return {
    accessControlAllowOrigins: [origin],
    accessControlAllowMethods: ['GET', 'HEAD'],
    accessControlAllowHeaders: ['*'],
    accessControlAllowCredentials: false,
    accessControlExposeHeaders: headers['access-control-expose-headers']?.split(', ') ?? [],
    originOverride: true,
  };
}
