import { Duration } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin, VpcOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import type { IApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { OriginName } from '../../core/routes.ts';
import type { Settings } from '../config.ts';
import { shieldRegion } from './shield.ts';

export interface OriginsProps {
  readonly settings: Settings;
  readonly ingest: IApplicationLoadBalancer;
  /** Of API and chat. */
  readonly entrance: IApplicationLoadBalancer;
  /** In another stack, whose policy lets CloudFront read (data/archive-readers.ts). */
  readonly archive: s3.IBucket;
  readonly web: s3.IBucket;
}

/** A blocking reload is answered after three target durations at the latest (6 s), a long poll after 25 s. */
const readTimeout = Duration.seconds(60);
/** Below the load balancers' idle time-out of 60 s: nothing is written into a connection that is being closed. */
const keepaliveTimeout = Duration.seconds(50);

/** What stands behind the routes; every distribution has the same. */
export class Origins extends Construct {
  readonly #origins: Readonly<Record<OriginName, cloudfront.IOrigin>>;

  constructor(scope: Construct, id: string, props: OriginsProps) {
    super(scope, id);
    const { settings, ingest, entrance, archive, web } = props;
    // One place in between asks the origin for the whole world: of a part that everybody wants now it is asked once.
    const shield = settings.delivery.originShield
      ? { originShieldRegion: shieldRegion(settings.region) }
      : {};
    const balancer = (
      name: string,
      loadBalancer: IApplicationLoadBalancer,
      options = {},
    ): cloudfront.IOrigin =>
      VpcOrigin.withVpcOrigin(
        new cloudfront.VpcOrigin(this, name, {
          endpoint: cloudfront.VpcOriginEndpoint.applicationLoadBalancer(loadBalancer),
          vpcOriginName: `${settings.name}-${name.toLowerCase()}`,
          // Inside AWS's network and the VPC; an internal load balancer has no name to have a certificate for.
          protocolPolicy: cloudfront.OriginProtocolPolicy.HTTP_ONLY,
          httpPort: 80,
        }),
        { domainName: loadBalancer.loadBalancerDnsName, readTimeout, keepaliveTimeout, ...options },
      );
    const services = balancer('Entrance', entrance);
    this.#origins = {
      ingest: balancer('Ingest', ingest, shield),
      api: services,
      chat: services,
      archive: S3BucketOrigin.withBucketDefaults(
        // By its names only: as a bucket of another stack its policy would be ours to write, and the stacks a circle.
        s3.Bucket.fromBucketAttributes(this, 'Archive', {
          bucketArn: archive.bucketArn,
          bucketRegionalDomainName: archive.bucketRegionalDomainName,
        }),
        {
          originAccessControlId: new cloudfront.S3OriginAccessControl(this, 'ArchiveAccess', {
            description: `${settings.name}: recordings`,
          }).originAccessControlId,
          ...shield,
        },
      ),
      web: S3BucketOrigin.withOriginAccessControl(web, {
        // With the right to list, S3 calls what is missing 404 and not 403.
        originAccessLevels: [cloudfront.AccessLevel.READ, cloudfront.AccessLevel.LIST],
      }),
    };
  }

  of(name: OriginName): cloudfront.IOrigin {
    return this.#origins[name];
  }
}
