import { describe, expect, it } from 'vitest';
import { routes, type Route } from '../../../core/routes.ts';
import { viewerHeaders } from '../../../core/viewer-headers.ts';
import { DeliveryStack } from '../../../lib/delivery/delivery-stack.ts';
import { domain, synthesise } from '../synthesise.ts';
import { partsBefore } from './parts-before.ts';

type Json = Readonly<Record<string, unknown>>;
interface Resource {
  readonly Type: string;
  readonly Properties: Json;
}
interface Behaviour {
  readonly PathPattern?: string;
  readonly TargetOriginId: string;
  readonly AllowedMethods: readonly string[];
  readonly CachePolicyId: string | { readonly Ref: string };
  readonly OriginRequestPolicyId?: string | { readonly Ref: string };
  readonly ResponseHeadersPolicyId?: { readonly Ref: string };
  readonly Compress: boolean;
  readonly ViewerProtocolPolicy: string;
  readonly TrustedKeyGroups?: readonly unknown[];
  readonly FunctionAssociations?: readonly { readonly EventType: string }[];
}
interface Origin {
  readonly Id: string;
  readonly DomainName: Json;
  readonly OriginAccessControlId?: unknown;
  readonly OriginShield?: { readonly OriginShieldRegion: string };
  readonly VpcOriginConfig?: { readonly OriginReadTimeout: number; readonly OriginKeepaliveTimeout: number };
}
interface DistributionConfig {
  readonly Aliases?: readonly string[];
  readonly CacheBehaviors: readonly Behaviour[];
  readonly DefaultCacheBehavior: Behaviour;
  readonly Origins: readonly Origin[];
  readonly CustomErrorResponses: readonly Json[];
  readonly WebACLId?: unknown;
  readonly ViewerCertificate?: Json;
}

const { stacks } = synthesise(
  { region: 'ap-northeast-1', account: '123456789012', profile: 'event', domain },
  (app, settings) => void new DeliveryStack(app, settings, partsBefore(app, settings)),
);
const resourcesOf = (part: string): Readonly<Record<string, Resource>> =>
  (stacks.get(part)?.template.toJSON()['Resources'] ?? {}) as Readonly<Record<string, Resource>>;
const resources = resourcesOf('delivery');
const ofType = (type: string, all = resources): readonly Json[] =>
  Object.values(all).flatMap(({ Type, Properties }) => (Type === type ? [Properties] : []));
const refOf = (id: unknown): string => (id as { readonly Ref: string }).Ref;
const policyOf = (id: unknown, key: string): Json => resources[refOf(id)]?.Properties[key] as Json;

const distributions = ofType('AWS::CloudFront::Distribution').map(
  ({ DistributionConfig }) => DistributionConfig as DistributionConfig,
);
const isWeb = ({ Aliases }: DistributionConfig): boolean => Aliases?.[0] === domain.name;
const web = distributions.find(isWeb) as DistributionConfig;
const media = distributions.filter((each) => !isWeb(each));

const managed = {
  cachingDisabled: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
  allViewer: '216adef6-5c7f-47e4-b989-5492eafa07d3',
} as const;

const byPath = (distribution: DistributionConfig): readonly (readonly [string, Behaviour])[] => [
  ...distribution.CacheBehaviors.map((each) => [each.PathPattern ?? '', each] as const),
  ['/*', distribution.DefaultCacheBehavior],
];
const behaviour = (path: string, distribution = web): Behaviour =>
  byPath(distribution).find(([pattern]) => pattern === path)?.[1] as Behaviour;
const originOf = ({ TargetOriginId }: Behaviour, { Origins } = web): Origin =>
  Origins.find(({ Id }) => Id === TargetOriginId) as Origin;

describe('the web distribution', () => {
  it('has a behaviour for each route, in the order of the table', () => {
    expect(byPath(web).map(([path]) => path)).toEqual(routes.map(({ path }) => path));
  });

  describe.each(routes.map((route) => [route.path, route] as const))('%s', (path, route: Route) => {
    const found = behaviour(path);

    it('keeps answers by the key and for the time of the route', () => {
      if (route.ttl.maxS === 0) return expect(found.CachePolicyId).toBe(managed.cachingDisabled);
      const { compress, query, headers, ttl } = route;
      expect(policyOf(found.CachePolicyId, 'CachePolicyConfig')).toMatchObject({
        MinTTL: ttl.minS,
        DefaultTTL: ttl.defaultS,
        MaxTTL: ttl.maxS,
        ParametersInCacheKeyAndForwardedToOrigin: {
          CookiesConfig: { CookieBehavior: 'none' },
          EnableAcceptEncodingGzip: compress,
          EnableAcceptEncodingBrotli: compress,
          HeadersConfig:
            headers.length === 0
              ? { HeaderBehavior: 'none' }
              : { HeaderBehavior: 'whitelist', Headers: headers },
          QueryStringsConfig:
            query === 'all'
              ? { QueryStringBehavior: 'all' }
              : query.length === 0
                ? { QueryStringBehavior: 'none' }
                : { QueryStringBehavior: 'whitelist', QueryStrings: query },
        },
      });
      return undefined;
    });

    it('takes the methods, the cookies and the compression of the route', () => {
      expect(found.AllowedMethods).toHaveLength(route.methods === 'all' ? 7 : 2);
      expect(found.Compress).toBe(route.compress);
      expect(found.TrustedKeyGroups?.length ?? 0).toBe(route.access === 'signed-cookie' ? 1 : 0);
    });

    it('sends the headers of the route', () => {
      const wanted = viewerHeaders(route);
      const policy =
        found.ResponseHeadersPolicyId &&
        policyOf(found.ResponseHeadersPolicyId, 'ResponseHeadersPolicyConfig');
      expect(policy !== undefined).toBe(route.origin === 'web' || Object.keys(wanted).length > 0);
      const cors = policy?.['CorsConfig'] as Json | undefined;
      expect(cors?.['AccessControlAllowOrigins']).toEqual(
        'access-control-allow-origin' in wanted ? { Items: ['*'] } : undefined,
      );
      expect(cors?.['AccessControlExposeHeaders']).toEqual(
        'access-control-expose-headers' in wanted ? { Items: ['Age', 'Date'] } : undefined,
      );
    });

    it('goes to the origin of the route', () => {
      const { VpcOriginConfig, OriginAccessControlId } = originOf(found);
      expect({
        balancer: VpcOriginConfig !== undefined,
        bucket: OriginAccessControlId !== undefined,
      }).toEqual(
        ['archive', 'web'].includes(route.origin)
          ? { balancer: false, bucket: true }
          : { balancer: true, bucket: false },
      );
      expect(originOf(found).DomainName).toEqual(
        originOf(behaviour(routes.find(({ origin }) => origin === route.origin)?.path ?? '')).DomainName,
      );
    });
  });

  it('passes authorization on to API and chat, which CloudFront else takes away', () => {
    const api = policyOf(behaviour('/api/*').CachePolicyId, 'CachePolicyConfig');
    expect(JSON.stringify(api)).toContain('"authorization"');
    expect(behaviour('/chat/*').OriginRequestPolicyId).toBe(managed.allViewer);
  });

  it('lets only origins set cookies that may', () => {
    const setting = byPath(web).filter(([, each]) => each.OriginRequestPolicyId !== undefined);
    expect(setting.map(([path]) => path)).toEqual(
      routes.filter(({ setCookie }) => setCookie).map(({ path }) => path),
    );
    expect(policyOf(behaviour('/api/*').OriginRequestPolicyId, 'OriginRequestPolicyConfig')).toMatchObject({
      CookiesConfig: { CookieBehavior: 'all' },
    });
  });

  it('runs the gate before and after pages, and nowhere else', () => {
    const gated = byPath(web).filter(([, each]) => each.FunctionAssociations !== undefined);
    expect(gated.map(([path]) => path)).toEqual(['/*']);
    expect(web.DefaultCacheBehavior.FunctionAssociations?.map(({ EventType }) => EventType)).toEqual([
      'viewer-request',
      'viewer-response',
    ]);
  });

  it('stands behind the firewall of us-east-1, with its certificate', () => {
    const inUsEast = { StackName: 'tidecast-edge', Region: 'us-east-1' };
    expect(web.WebACLId).toMatchObject({ 'Fn::GetStackOutput': inUsEast });
    expect(web.ViewerCertificate).toMatchObject({
      AcmCertificateArn: { 'Fn::GetStackOutput': inUsEast },
      MinimumProtocolVersion: 'TLSv1.2_2021',
    });
  });

  it('tells pages what they may connect to: media, the issuer, and where it gives tokens', () => {
    const policy = policyOf(web.DefaultCacheBehavior.ResponseHeadersPolicyId, 'ResponseHeadersPolicyConfig');
    const csp = JSON.stringify(policy);
    expect(csp).toMatch(
      /connect-src 'self' https:\/\/cognito-idp\.ap-northeast-1\.amazonaws\.com https:\/\/tidecast-123456789012\.auth\.ap-northeast-1\.amazoncognito\.com https:\/\/m1\.live\.example\.com .*https:\/\/m6\.live\.example\.com;/,
    );
    expect(csp).toContain("default-src 'none'; script-src 'self';");
    expect(policy).toMatchObject({
      SecurityHeadersConfig: { StrictTransportSecurity: { AccessControlMaxAgeSec: 31_536_000 } },
    });
  });
});

describe('the media distributions', () => {
  it('are as many as the settings say, each with its name', () => {
    expect(media.map(({ Aliases }) => Aliases)).toEqual(
      [1, 2, 3, 4, 5, 6].map((number) => [`m${number}.${domain.name}`]),
    );
  });

  it.each(media)('deliver media exactly as the web distribution does: $Aliases', (distribution) => {
    const mediaRoutes = routes.filter(({ origin }) => origin === 'ingest' || origin === 'archive');
    expect(distribution.CacheBehaviors.map(({ PathPattern }) => PathPattern)).toEqual(
      mediaRoutes.map(({ path }) => path),
    );
    for (const each of distribution.CacheBehaviors) {
      const { TargetOriginId: _1, ResponseHeadersPolicyId: _2, ...here } = each;
      const there = behaviour(each.PathPattern ?? '');
      expect(there).toMatchObject(here);
      expect(originOf(each, distribution).DomainName).toEqual(originOf(there).DomainName);
    }
  });

  it('have no function and no firewall: each request would cost more than its bytes', () => {
    expect(JSON.stringify(media)).not.toMatch(/FunctionAssociations|LambdaFunctionAssociations|WebACLId/);
  });

  it('answer nothing outside of the media routes without a signed cookie', () => {
    for (const { DefaultCacheBehavior } of media) {
      expect(DefaultCacheBehavior.TrustedKeyGroups).toHaveLength(1);
      expect(DefaultCacheBehavior.AllowedMethods).toEqual(['GET', 'HEAD']);
    }
  });
});

describe('all distributions', () => {
  it('keep no error, so that a playlist that is late for a moment is not missing for ten seconds', () => {
    for (const { CustomErrorResponses } of distributions)
      expect(CustomErrorResponses).toEqual(
        [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504].map((ErrorCode) => ({
          ErrorCode,
          ErrorCachingMinTTL: Math.min(...routes.map(({ errorTtlS }) => errorTtlS)),
        })),
      );
  });

  it('put no error page in the place of what the API answers', () => {
    expect(JSON.stringify(distributions)).not.toMatch(/ResponsePagePath|ResponseCode/);
  });

  it('speak HTTP/2 and 3 and IPv6, and wait longer than a blocking reload or a long poll', () => {
    for (const each of distributions) {
      expect(each).toMatchObject({ HttpVersion: 'http2and3', IPV6Enabled: true });
      for (const { VpcOriginConfig } of each.Origins)
        if (VpcOriginConfig !== undefined) {
          expect(VpcOriginConfig.OriginReadTimeout).toBeGreaterThan(25);
          // The load balancers close what is idle for 60 s.
          expect(VpcOriginConfig.OriginKeepaliveTimeout).toBeLessThan(60);
        }
    }
  });

  it('ask for media through one shield in the region, and for nothing else', () => {
    for (const { Origins } of distributions)
      for (const { OriginShield, DomainName } of Origins) {
        const isMedia = /tidecast-(?:ingest|data)/.test(JSON.stringify(DomainName));
        expect(OriginShield?.OriginShieldRegion).toBe(isMedia ? 'ap-northeast-1' : undefined);
      }
  });

  it('share two VPC origins, of the 25 that an account has', () => {
    expect(ofType('AWS::CloudFront::VpcOrigin')).toHaveLength(2);
  });

  it('share few policies, of the 20 that an account has of each kind', () => {
    expect(ofType('AWS::CloudFront::CachePolicy').length).toBeLessThanOrEqual(6);
    expect(ofType('AWS::CloudFront::ResponseHeadersPolicy').length).toBeLessThanOrEqual(6);
  });

  it('have records for IPv4 and IPv6', () => {
    const records = ofType('AWS::Route53::RecordSet').map(({ Name, Type }) => [Name, Type]);
    const names = [domain.name, ...[1, 2, 3, 4, 5, 6].map((number) => `m${number}.${domain.name}`)];
    expect(records).toEqual(
      names.flatMap((name) => [
        [`${name}.`, 'A'],
        [`${name}.`, 'AAAA'],
      ]),
    );
  });
});

describe('what stands behind', () => {
  it('has no bucket that is public', () => {
    for (const part of ['delivery', 'data']) {
      const all = resourcesOf(part);
      for (const bucket of ofType('AWS::S3::Bucket', all)) {
        expect(bucket).toMatchObject({
          PublicAccessBlockConfiguration: {
            BlockPublicAcls: true,
            BlockPublicPolicy: true,
            IgnorePublicAcls: true,
            RestrictPublicBuckets: true,
          },
        });
        expect(bucket).not.toHaveProperty('WebsiteConfiguration');
      }
      for (const { PolicyDocument } of ofType('AWS::S3::BucketPolicy', all))
        for (const statement of (PolicyDocument as { readonly Statement: readonly Json[] }).Statement) {
          if (statement['Effect'] === 'Deny') continue;
          expect(statement['Principal']).not.toEqual({ AWS: '*' });
          expect(statement['Principal']).not.toBe('*');
          if (JSON.stringify(statement['Principal']).includes('cloudfront'))
            expect(JSON.stringify(statement['Condition'])).toMatch(/aws:SourceArn/i);
        }
    }
  });

  it('lets CloudFront in to both load balancers by its own addresses, as a rule for the VPC lets nothing in', () => {
    const rules = ofType('AWS::EC2::SecurityGroupIngress');
    expect(rules).toHaveLength(2);
    for (const rule of rules) {
      expect(rule).toMatchObject({ FromPort: 80, ToPort: 80, IpProtocol: 'tcp' });
      expect(rule).toHaveProperty('SourcePrefixListId');
      expect(rule).not.toHaveProperty('CidrIp');
    }
  });

  it('begins with an empty store, so that no deployment opens a gate that is closed', () => {
    const [store] = ofType('AWS::CloudFront::KeyValueStore');
    expect(store).toMatchObject({ Name: 'tidecast-gate' });
    expect(store).not.toHaveProperty('ImportSource');
    expect(ofType('AWS::CloudFront::Function')).toMatchObject([
      { AutoPublish: true, FunctionConfig: { Runtime: 'cloudfront-js-2.0' } },
    ]);
  });

  it('keeps assets for a year and asks for pages again each time', () => {
    const uploads = ofType('Custom::CDKBucketDeployment').map(({ SystemMetadata, Prune }) => [
      (SystemMetadata as Json)['cache-control'],
      Prune,
    ]);
    expect(uploads).toEqual([
      ['public, max-age=31536000, immutable', false],
      ['public, max-age=0, s-maxage=60', false],
    ]);
  });
});

describe('without a domain', () => {
  const plain = synthesise(
    { region: 'ap-northeast-1', profile: 'small' },
    (app, settings) => void new DeliveryStack(app, settings, partsBefore(app, settings)),
  ).stacks.get('delivery');
  const stack = plain?.stack as DeliveryStack;

  it('is reached by the names that CloudFront gives', () => {
    const { publicUrl, mediaUrls } = stack;
    expect(stack.resolve([publicUrl, mediaUrls])).toEqual([
      { 'Fn::Join': ['', ['https://', { 'Fn::GetAtt': [expect.stringMatching(/^Web/), 'DomainName'] }]] },
      [
        {
          'Fn::Join': ['', ['https://', { 'Fn::GetAtt': [expect.stringMatching(/^Media1/), 'DomainName'] }]],
        },
      ],
    ]);
    plain?.template.resourceCountIs('AWS::Route53::RecordSet', 0);
  });
});
