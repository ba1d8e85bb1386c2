import { CfnOutput, Validations, type App } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { pageHeaders } from '../../core/pages.ts';
import { findRoute, routes, type Route } from '../../core/routes.ts';
import type { Settings } from '../config.ts';
import type { DataParts, DeliveryParts, EdgeParts } from '../parts.ts';
import { TidecastStack } from '../stack.ts';
import { behaviourOf, behavioursOf, errorResponses, mediaRoutes, type Rules } from './behaviours.ts';
import { CachePolicies } from './cache-policies.ts';
import { CloudFrontAccess } from './cloudfront-access.ts';
import { Gate } from './gate.ts';
import { HeaderPolicies } from './header-policies.ts';
import { mediaNames, signInOrigins } from './names.ts';
import { Origins } from './origins.ts';
import { Pages } from './pages.ts';
import { addRecords } from './records.ts';

export interface DeliveryNeeds {
  readonly data: Pick<DataParts, 'archive' | 'cookieKeyGroup'>;
  readonly ingest: { readonly loadBalancer: IApplicationLoadBalancer };
  readonly entrance: { readonly loadBalancer: IApplicationLoadBalancer };
  readonly edge: EdgeParts;
  /** The built pages: dist/web. */
  readonly webFolder: string;
}

const priceClasses = {
  '100': cloudfront.PriceClass.PRICE_CLASS_100,
  '200': cloudfront.PriceClass.PRICE_CLASS_200,
  all: cloudfront.PriceClass.PRICE_CLASS_ALL,
} as const satisfies Record<Settings['delivery']['priceClass'], cloudfront.PriceClass>;

/** CloudFront: one distribution for pages, API and chat, and some for media, all from the one table of routes. */
export class DeliveryStack extends TidecastStack implements DeliveryParts {
  readonly web: cloudfront.Distribution;
  readonly media: readonly cloudfront.Distribution[];
  readonly gateStore: cloudfront.KeyValueStore;
  readonly publicUrl: string;
  readonly mediaUrls: readonly string[];

  constructor(app: App, settings: Settings, needs: DeliveryNeeds) {
    super(app, { part: 'delivery', settings, description: 'CloudFront distributions, pages and the gate' });
    const { data, ingest, entrance, edge, webFolder } = needs;
    const { domain } = settings;
    const pages = new Pages(this, 'Pages', { folder: webFolder });
    const gate = new Gate(this, 'Gate', { name: settings.name });
    new CloudFrontAccess(this, 'CloudFrontAccess', {
      loadBalancers: { Ingest: ingest.loadBalancer, Entrance: entrance.loadBalancer },
    });
    const shared = {
      caching: new CachePolicies(this, 'Caching'),
      origins: new Origins(this, 'Origins', {
        settings,
        ingest: ingest.loadBalancer,
        entrance: entrance.loadBalancer,
        archive: data.archive,
        web: pages.bucket as IBucket,
      }),
      cookieKeyGroup: data.cookieKeyGroup,
    };

    const names = mediaNames(settings);
    const mediaRules: Rules = {
      ...shared,
      headers: new HeaderPolicies(this, 'MediaHeaders', { pageHeaders: {} }),
    };
    this.media = Array.from({ length: settings.delivery.mediaDistributions }, (_, index) => {
      const name = names[index];
      const number = index + 1;
      return this.#distribution(`Media${number}`, `media ${number}`, mediaRoutes, mediaRules, {
        settings,
        edge,
        ...(name !== undefined && { name }),
        // Nobody's cookies open what is on no route here: it is refused before the bucket is asked.
        defaultBehavior: behaviourOf(routeOf('/archive/x'), mediaRules),
      });
    });
    this.mediaUrls = this.media.map(({ distributionDomainName }, index) =>
      urlOf(names[index] ?? distributionDomainName),
    );

    const { issuer, tokens } = signInOrigins(settings, this.account);
    const webRules: Rules = {
      ...shared,
      headers: new HeaderPolicies(this, 'WebHeaders', {
        pageHeaders: pageHeaders(issuer, this.mediaUrls, tokens),
      }),
    };
    this.web = this.#distribution('Web', 'pages, API and chat', routes, webRules, {
      settings,
      edge,
      ...(domain && { name: domain.name }),
      defaultBehavior: {
        ...behaviourOf(routeOf('/'), webRules),
        functionAssociations: gate.associations,
      },
      firewall: edge.firewall.attrArn,
    });
    Validations.of(this.web).acknowledge({
      id: 'Annotation::@aws-cdk/aws-cloudfront-origins:listBucketSecurityRisk',
      reason: 'the gate names the file of every path, and there is a default root object',
    });
    this.publicUrl = urlOf(domain?.name ?? this.web.distributionDomainName);
    this.gateStore = gate.store;
    if (domain !== undefined)
      addRecords(this, domain, [
        [domain.name, this.web],
        ...this.media.map((each, index) => [names[index] ?? '', each] as const),
      ]);
    new CfnOutput(this, 'PublicUrl', { value: this.publicUrl, description: 'What viewers open' });
  }

  #distribution(
    id: string,
    comment: string,
    table: readonly Route[],
    rules: Rules,
    options: {
      readonly settings: Settings;
      readonly edge: EdgeParts;
      readonly name?: string;
      readonly defaultBehavior: cloudfront.BehaviorOptions;
      readonly firewall?: string;
    },
  ): cloudfront.Distribution {
    const { settings, edge, name, defaultBehavior, firewall } = options;
    const { certificate } = edge;
    const distribution = new cloudfront.Distribution(this, id, {
      comment: `${settings.name}: ${comment}`,
      defaultBehavior,
      additionalBehaviors: { ...behavioursOf(table, rules) },
      errorResponses: errorResponses(table),
      // The function names it already; where it did not run, S3 would list its bucket.
      defaultRootObject: 'index.html',
      httpVersion: cloudfront.HttpVersion.HTTP2_AND_3,
      enableIpv6: true,
      priceClass: priceClasses[settings.delivery.priceClass],
      ...(firewall !== undefined && { webAclId: firewall }),
      ...(name !== undefined &&
        certificate !== undefined && {
          domainNames: [name],
          certificate,
          minimumProtocolVersion: cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
        }),
    });
    const reasons = {
      CFR1: 'who may watch from where is for the broadcaster to say',
      CFR2: 'media have no firewall: it would cost more than they do, and there is nothing to attack',
      CFR3: 'the observability stack has the newer kind of access log written',
      CFR4: "without a domain CloudFront's own certificate decides",
      CFR5: "CloudFront's way to a VPC origin is inside AWS's network and the VPC",
    };
    for (const [rule, reason] of Object.entries(reasons))
      Validations.of(distribution).acknowledge({ id: `AwsSolutions::AwsSolutions-${rule}`, reason });
    return distribution;
  }
}

const urlOf = (name: string): string => `https://${name}`;

function routeOf(path: string): Route {
  const route = findRoute(path);
  if (route === undefined) throw new TypeError(`no route has the path ${path}`);
  return route;
}
