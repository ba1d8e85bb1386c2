import { Duration, Validations } from 'aws-cdk-lib';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import { operatorGroup } from '../../core/api/ops.ts';
import type { Settings } from '../config.ts';
import { removalOf } from '../keeping.ts';
import { signInPrefix } from '../naming.ts';
import type { Identity, PublicAddress } from '../parts.ts';
import { TidecastStack } from '../stack.ts';

export interface UserPoolProps extends PublicAddress {
  readonly settings: Settings;
}

/** Who people are, for those who bring no OIDC issuer of their own: a user pool with its sign-in pages. */
export class UserPool extends Construct implements Identity {
  readonly pool: cognito.UserPool;
  readonly issuer: string;
  readonly clientId: string;

  constructor(scope: Construct, id: string, { settings, publicUrl }: UserPoolProps) {
    super(scope, id);
    const { region, account } = TidecastStack.of(this);
    this.pool = new cognito.UserPool(this, 'Pool', {
      userPoolName: settings.name,
      // Signing in is by e-mail. The name is what the chat shows: access tokens carry no other (runtime/identity).
      signInAliases: { username: true, email: true },
      signInCaseSensitive: false,
      selfSignUpEnabled: true,
      autoVerify: { email: true },
      standardAttributes: { email: { required: true, mutable: true } },
      keepOriginal: { email: true },
      passwordPolicy: {
        minLength: 12,
        requireLowercase: true,
        requireUppercase: true,
        requireDigits: true,
        requireSymbols: true,
        tempPasswordValidity: Duration.days(3),
      },
      mfa: cognito.Mfa.OPTIONAL,
      mfaSecondFactor: { otp: true, sms: false },
      accountRecovery: cognito.AccountRecovery.EMAIL_ONLY,
      featurePlan: cognito.FeaturePlan.LITE,
      deletionProtection: settings.keepData,
      removalPolicy: removalOf(settings.keepData),
    });
    acknowledge(this.pool);
    new cognito.UserPoolGroup(this, 'Operators', {
      userPool: this.pool,
      groupName: operatorGroup,
      description: 'They run the platform: operations console, moderation everywhere',
    });
    this.pool.addDomain('Pages', {
      cognitoDomain: { domainPrefix: signInPrefix(settings.name, account) },
    });
    const client = this.pool.addClient('Web', {
      userPoolClientName: 'web',
      // Pages can keep no secret: they prove with PKCE that it was they who asked (web/session).
      generateSecret: false,
      authFlows: {},
      oAuth: {
        flows: { authorizationCodeGrant: true },
        scopes: [cognito.OAuthScope.OPENID, cognito.OAuthScope.PROFILE, cognito.OAuthScope.EMAIL],
        callbackUrls: [`${publicUrl}/signed-in`],
        logoutUrls: [`${publicUrl}/`],
      },
      supportedIdentityProviders: [cognito.UserPoolClientIdentityProvider.COGNITO],
      preventUserExistenceErrors: true,
      // A show's length: pages have no refresh token, and ask to sign in again.
      accessTokenValidity: Duration.hours(4),
      idTokenValidity: Duration.hours(1),
      refreshTokenValidity: Duration.days(1),
      enableTokenRevocation: true,
    });
    this.clientId = client.userPoolClientId;
    this.issuer = `https://cognito-idp.${region}.amazonaws.com/${this.pool.userPoolId}`;
  }
}

function acknowledge(pool: cognito.UserPool): void {
  const pay = 'costs $0.02 a month for everybody who signs in, viewers who chat too (plan Plus)';
  const reasons = {
    'AwsSolutions::AwsSolutions-COG2':
      'most who sign in are viewers who chat: a second factor is offered, not demanded',
    'AwsSolutions::AwsSolutions-COG3': `threat protection ${pay}`,
    'AwsSolutions::AwsSolutions-COG8': `threat protection ${pay}`,
  };
  for (const [id, reason] of Object.entries(reasons)) Validations.of(pool).acknowledge({ id, reason });
}
