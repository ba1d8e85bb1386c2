import type * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as route53 from 'aws-cdk-lib/aws-route53';
import { CloudFrontTarget } from 'aws-cdk-lib/aws-route53-targets';
import type { Construct } from 'constructs';
import type { Domain } from '../config.ts';

/** Names of distributions, for IPv4 and IPv6. */
export function addRecords(
  scope: Construct,
  { zoneId, zoneName }: Domain,
  names: readonly (readonly [string, cloudfront.Distribution])[],
): void {
  const zone = route53.HostedZone.fromHostedZoneAttributes(scope, 'Zone', { hostedZoneId: zoneId, zoneName });
  for (const [recordName, distribution] of names) {
    const target = route53.RecordTarget.fromAlias(new CloudFrontTarget(distribution));
    const { id } = distribution.node;
    // With its dot at the end it is the whole name, wherever the zone begins.
    const record = { zone, recordName: `${recordName}.`, target };
    new route53.ARecord(scope, `${id}A`, record);
    new route53.AaaaRecord(scope, `${id}Aaaa`, record);
  }
}
