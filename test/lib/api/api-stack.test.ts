import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { operatorGroup } from '../../../core/api/ops.ts';
import { apiEnvironment } from '../../../core/environment/api.ts';
import { readEnvironment } from '../../../core/environment/read.ts';
import { Services } from '../services/service.ts';
import { domain } from '../synthesise.ts';

const stack = 'tidecast-api';
const named = new Services({ profile: 'standard', domain });
const small = new Services({ profile: 'small', keepData: false });
const own = new Services({
  profile: 'small',
  identity: { issuer: 'https://id.example.com/realm', clientId: 'tidecast' },
});
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const secrets = {
  COOKIE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  REDIS_PASSWORD: 'generated',
};
const read = (services: Services) => readEnvironment(apiEnvironment, services.environment(stack, secrets));

describe('what the API is told', () => {
  it('is what it reads, with a domain', () => {
    expect(read(named)).toMatchObject({
      TABLE_PREFIX: 'tidecast',
      AWS_REGION: 'ap-northeast-1',
      HTTP_PORT: 8080,
      PUBLIC_URL: 'https://live.example.com',
      RTMP_URL: 'rtmp://ingest.live.example.com/live',
      MEDIA_URLS: ['https://m1.live.example.com'],
      REDIS_PASSWORD: 'generated',
      COOKIE_KEY: secrets.COOKIE_KEY,
    });
  });

  it('is the name of CloudFront without a domain, and no name to broadcast to', () => {
    const environment = read(small);
    expect(environment.PUBLIC_URL).toMatch(/^https:\/\/tidecast-delivery-Web/);
    expect(environment.MEDIA_URLS).toEqual([expect.stringMatching(/^https:\/\/tidecast-delivery-Media1/)]);
    expect(environment.RTMP_URL).toBeUndefined();
  });

  it('names the bucket and the key pair that the others have', () => {
    const { OBJECT_STORE, COOKIE_KEY_PAIR_ID } = read(named);
    const bucket = named.deployment.resources('AWS::S3::Bucket', 'tidecast-data')[0];
    expect(OBJECT_STORE).toBe(`s3://${named.deployment.text('tidecast-data', { Ref: bucket?.id })}`);
    const key = named.deployment.resources('AWS::CloudFront::PublicKey', 'tidecast-data')[0];
    expect(COOKIE_KEY_PAIR_ID).toContain(key?.id);
  });
});

describe('the API in its load balancer', () => {
  it('is asked how it is where it answers that', () => {
    expect(named.only(stack, 'AWS::ElasticLoadBalancingV2::TargetGroup')).toMatchObject({
      HealthCheckPath: '/healthz',
      Port: 8080,
      TargetType: 'ip',
    });
  });

  it('has the time to answer what it was asked before it ends', () => {
    const delayS = Number(named.targetGroupAttributes(stack)['deregistration_delay.timeout_seconds']);
    // requestTimeout of containers/api.
    expect(delayS).toBeGreaterThanOrEqual(15);
    // deadlineMs of runtime/lifecycle/shutdown.ts, and a moment.
    expect(named.container(stack).StopTimeout).toBeGreaterThanOrEqual(30);
  });

  it('has an address of its own where there is no NAT gateway', () => {
    expect(small.only(stack, 'AWS::ECS::Service')['NetworkConfiguration']).toMatchObject({
      AwsvpcConfiguration: { AssignPublicIp: 'ENABLED' },
    });
  });
});

describe('who people are', () => {
  it('is said by the user pool, as the pages and the API know it', () => {
    const client = named.deployment.resources('AWS::Cognito::UserPoolClient', stack)[0];
    const { OIDC_ISSUER, OIDC_CLIENT_ID } = read(named);
    expect(OIDC_ISSUER).toMatch(
      /^https:\/\/cognito-idp\.ap-northeast-1\.amazonaws\.com\/tidecast-api-Identity/,
    );
    expect(OIDC_CLIENT_ID).toBe(named.deployment.text(stack, { Ref: client?.id }));
  });

  it.each([
    ['https://live.example.com', named],
    ['https://tidecast-delivery-Web', small],
  ])('is proven by pages without a secret, which come back to %s…/signed-in', (origin, services) => {
    const client = services.only(stack, 'AWS::Cognito::UserPoolClient');
    expect(client).toMatchObject({
      GenerateSecret: false,
      AllowedOAuthFlows: ['code'],
      AllowedOAuthScopes: ['openid', 'profile', 'email'],
      PreventUserExistenceErrors: 'ENABLED',
    });
    const [callback, ...others] = client['CallbackURLs'] as readonly string[];
    expect(others).toEqual([]);
    expect(callback?.startsWith(origin)).toBe(true);
    expect(callback?.endsWith('/signed-in')).toBe(true);
  });

  it('knows those who run the platform by the group that the API asks for', () => {
    expect(named.only(stack, 'AWS::Cognito::UserPoolGroup')['GroupName']).toBe(operatorGroup);
  });

  it('takes no weak password, and offers a second factor without SMS', () => {
    expect(named.only(stack, 'AWS::Cognito::UserPool')).toMatchObject({
      Policies: { PasswordPolicy: { MinimumLength: 12, RequireSymbols: true, RequireNumbers: true } },
      MfaConfiguration: 'OPTIONAL',
      EnabledMfas: ['SOFTWARE_TOKEN_MFA'],
    });
  });

  it('is kept as long as the data are', () => {
    expect(named.only(stack, 'AWS::Cognito::UserPool')['DeletionProtection']).toBe('ACTIVE');
    expect(small.only(stack, 'AWS::Cognito::UserPool')['DeletionProtection']).toBe('INACTIVE');
  });

  it('is left to the issuer that the settings name', () => {
    expect(own.all(stack, 'AWS::Cognito::UserPool')).toEqual([]);
    expect(read(own)).toMatchObject({
      OIDC_ISSUER: 'https://id.example.com/realm',
      OIDC_CLIENT_ID: 'tidecast',
    });
  });
});
