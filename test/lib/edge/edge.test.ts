import { describe, expect, it } from 'vitest';
import { EdgeStack } from '../../../lib/edge/edge-stack.ts';
import { domain, synthesise } from '../synthesise.ts';

type Json = Readonly<Record<string, unknown>>;
interface Rule {
  readonly Name: string;
  readonly Priority: number;
  readonly Action?: Json;
  readonly Statement: {
    readonly RateBasedStatement?: { readonly ScopeDownStatement: unknown; readonly AggregateKeyType: string };
    readonly ManagedRuleGroupStatement?: {
      readonly RuleActionOverrides: readonly { readonly Name: string }[];
    };
  };
}

const edgeOf = (config: Parameters<typeof synthesise>[0]) =>
  synthesise(config, (app, settings) => void new EdgeStack(app, settings)).stacks.get('edge');
const edge = edgeOf({ region: 'ap-northeast-1', profile: 'event', domain });
const all = (type: string): readonly Json[] =>
  Object.values(edge?.template.findResources(type) ?? {}).map((each) => each['Properties'] as Json);
const [acl] = all('AWS::WAFv2::WebACL');
const rules = acl?.['Rules'] as readonly Rule[];

describe('the edge stack', () => {
  it('is in us-east-1, the only region that CloudFront takes certificate and firewall from', () => {
    expect(edge?.stack.region).toBe('us-east-1');
    expect(acl).toMatchObject({ Scope: 'CLOUDFRONT', DefaultAction: { Allow: {} } });
  });

  it('has one certificate for the domain and all media names, proven in the zone', () => {
    expect(all('AWS::CertificateManager::Certificate')).toMatchObject([
      {
        DomainName: domain.name,
        SubjectAlternativeNames: [`*.${domain.name}`],
        ValidationMethod: 'DNS',
        DomainValidationOptions: [{ HostedZoneId: domain.zoneId }],
      },
    ]);
  });

  it('makes no certificate without a domain', () => {
    const without = edgeOf({ region: 'ap-northeast-1', profile: 'small' });
    without?.template.resourceCountIs('AWS::CertificateManager::Certificate', 0);
    without?.template.resourceCountIs('AWS::WAFv2::WebACL', 1);
  });
});

describe('the firewall', () => {
  it('limits addresses on the API alone: segments and WebSockets come as often as they must', () => {
    const rates = rules.flatMap(({ Statement }) => Statement.RateBasedStatement ?? []);
    expect(rates).toHaveLength(2);
    for (const { ScopeDownStatement, AggregateKeyType } of rates) {
      expect(AggregateKeyType).toBe('IP');
      expect(JSON.stringify(ScopeDownStatement)).toContain('"SearchString":"/api/"');
    }
  });

  it('refuses with a status that pages know, and says when to try again', () => {
    for (const { Action, Statement } of rules)
      if (Statement.RateBasedStatement !== undefined)
        expect(Action).toMatchObject({ Block: { CustomResponse: { ResponseCode: 429 } } });
  });

  it('refuses nothing for what stands in a body: people may say anything in the chat', () => {
    const common = rules.find(({ Name }) => Name === 'AWSManagedRulesCommonRuleSet');
    const counted = common?.Statement.ManagedRuleGroupStatement?.RuleActionOverrides.map(({ Name }) => Name);
    expect(counted).toEqual(
      expect.arrayContaining([
        'SizeRestrictions_BODY',
        'CrossSiteScripting_BODY',
        'GenericLFI_BODY',
        'GenericRFI_BODY',
        'EC2MetaDataSSRF_BODY',
      ]),
    );
  });

  it('has rules in an order without doubt', () => {
    expect(rules.map(({ Priority }) => Priority)).toEqual(rules.map((_, index) => index));
  });

  it('writes down what it refused or counted, and no token', () => {
    const [logging] = all('AWS::WAFv2::LoggingConfiguration');
    expect(JSON.stringify(logging?.['RedactedFields'])).toMatch(/authorization.*cookie/);
    expect(all('AWS::Logs::LogGroup')).toMatchObject([{ LogGroupName: 'aws-waf-logs-tidecast' }]);
    expect(JSON.stringify(acl)).not.toContain('"SampledRequestsEnabled":true');
  });
});
