import { ArnFormat, Stack } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as waf from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import type { Settings } from '../config.ts';
import { removalOf, retentionOf } from '../keeping.ts';
import { apiRates, managedGroups, type ManagedGroup, type Rate } from './firewall-rules.ts';

export interface FirewallProps {
  readonly settings: Settings;
}

const slowDown = 'slow-down';

const seen = (metricName: string): waf.CfnWebACL.VisibilityConfigProperty => ({
  cloudWatchMetricsEnabled: true,
  metricName,
  // Samples hold whole requests, with their tokens.
  sampledRequestsEnabled: false,
});

const startsWith = (path: string): waf.CfnWebACL.StatementProperty => ({
  byteMatchStatement: {
    fieldToMatch: { uriPath: {} },
    positionalConstraint: 'STARTS_WITH',
    searchString: path,
    // Without it /%61pi/ would be another path here than at the API.
    textTransformations: [{ priority: 0, type: 'URL_DECODE' }],
  },
});

const managed = (group: ManagedGroup, priority: number): waf.CfnWebACL.RuleProperty => ({
  name: group.name,
  priority,
  overrideAction: { none: {} },
  statement: {
    managedRuleGroupStatement: {
      vendorName: 'AWS',
      name: group.name,
      ruleActionOverrides: group.counted.map((name) => ({ name, actionToUse: { count: {} } })),
    },
  },
  visibilityConfig: seen(group.name),
});

const limited = (rate: Rate, priority: number): waf.CfnWebACL.RuleProperty => ({
  name: rate.name,
  priority,
  action: {
    block: {
      customResponse: {
        responseCode: 429,
        customResponseBodyKey: slowDown,
        responseHeaders: [
          { name: 'retry-after', value: '60' },
          { name: 'cache-control', value: 'no-store' },
        ],
      },
    },
  },
  statement: {
    rateBasedStatement: {
      aggregateKeyType: 'IP',
      evaluationWindowSec: 60,
      limit: rate.perMinute,
      scopeDownStatement: rate.writesOnly
        ? {
            andStatement: {
              statements: [
                startsWith('/api/'),
                {
                  notStatement: {
                    statement: {
                      regexMatchStatement: {
                        fieldToMatch: { method: {} },
                        regexString: '^(GET|HEAD|OPTIONS)$',
                        textTransformations: [{ priority: 0, type: 'NONE' }],
                      },
                    },
                  },
                },
              ],
            },
          }
        : startsWith('/api/'),
    },
  },
  visibilityConfig: seen(rate.name),
});

/** The web distribution's firewall. Media have none: it would cost more than they do (notes aws B11). */
export class Firewall extends Construct {
  readonly acl: waf.CfnWebACL;

  constructor(scope: Construct, id: string, { settings }: FirewallProps) {
    super(scope, id);
    this.acl = new waf.CfnWebACL(this, 'Resource', {
      scope: 'CLOUDFRONT',
      description: `${settings.name}: pages, API and chat`,
      defaultAction: { allow: {} },
      // The order of the rates and groups is the order in which they are asked.
      rules: [
        ...apiRates.map(limited),
        ...managedGroups.map((group, index) => managed(group, apiRates.length + index)),
      ],
      customResponseBodies: {
        [slowDown]: {
          contentType: 'APPLICATION_JSON',
          content: JSON.stringify({
            type: 'about:blank',
            title: 'Too many requests',
            status: 429,
            detail: 'Too many requests come from this address: wait a minute.',
          }),
        },
      },
      visibilityConfig: seen(`${settings.name}-web`),
    });
    const group = new logs.LogGroup(this, 'Log', {
      // AWS WAF writes to groups of this prefix only.
      logGroupName: `aws-waf-logs-${settings.name}`,
      retention: retentionOf(settings.logsKeptDays),
      removalPolicy: removalOf(false),
    });
    new waf.CfnLoggingConfiguration(this, 'Logging', {
      resourceArn: this.acl.attrArn,
      // Without the `:*` that the group's own ARN ends with.
      logDestinationConfigs: [
        Stack.of(this).formatArn({
          service: 'logs',
          resource: 'log-group',
          resourceName: group.logGroupName,
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        }),
      ],
      // Tokens and signed cookies: who reads the log must not become a viewer.
      redactedFields: [
        { singleHeader: { Name: 'authorization' } },
        { singleHeader: { Name: 'cookie' } },
        { queryString: {} },
      ],
      // What passes unremarked stands in CloudFront's own log.
      loggingFilter: {
        DefaultBehavior: 'DROP',
        Filters: [
          {
            Behavior: 'KEEP',
            Requirement: 'MEETS_ANY',
            Conditions: [{ ActionCondition: { Action: 'BLOCK' } }, { ActionCondition: { Action: 'COUNT' } }],
          },
        ],
      },
    });
  }
}
