import type { App } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as route53 from 'aws-cdk-lib/aws-route53';
import type { CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import type { Settings } from '../config.ts';
import type { EdgeParts } from '../parts.ts';
import { TidecastStack } from '../stack.ts';
import { Firewall } from './firewall.ts';

/** What CloudFront takes from us-east-1 only, wherever everything else is. Synthesising doesn't check that. */
export class EdgeStack extends TidecastStack implements EdgeParts {
  readonly certificate: acm.ICertificate | undefined;
  readonly firewall: CfnWebACL;

  constructor(app: App, settings: Settings) {
    super(app, {
      part: 'edge',
      settings,
      description: 'certificate and firewall of CloudFront',
      region: 'us-east-1',
    });
    const { domain } = settings;
    if (domain !== undefined)
      this.certificate = new acm.Certificate(this, 'Certificate', {
        domainName: domain.name,
        // The media distributions' names, whatever their number: it changes without another certificate.
        subjectAlternativeNames: [`*.${domain.name}`],
        // Waits for ever where the zone is not delegated: `tidecast doctor` looks first.
        validation: acm.CertificateValidation.fromDns(
          route53.HostedZone.fromHostedZoneAttributes(this, 'Zone', {
            hostedZoneId: domain.zoneId,
            zoneName: domain.zoneName,
          }),
        ),
      });
    this.firewall = new Firewall(this, 'Firewall', { settings }).acl;
  }
}
