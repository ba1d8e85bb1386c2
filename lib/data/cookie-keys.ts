import { CfnParameter } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as secrets from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { cookiePublicKeyParameter, cookieSecretName } from '../naming.ts';

export interface CookieKeysProps {
  /** Of the installation: its names begin with it. */
  readonly name: string;
}

/**
 * The pair that opens recordings and private broadcasts. CloudFormation can't make one: `npm run deploy` writes the
 * private half into a secret and the public half into a parameter, before the stack that reads them.
 */
export class CookieKeys extends Construct {
  /** PEM. */
  readonly privateKey: secrets.ISecret;
  readonly publicKey: cloudfront.PublicKey;
  readonly group: cloudfront.KeyGroup;

  constructor(scope: Construct, id: string, { name }: CookieKeysProps) {
    super(scope, id);
    this.privateKey = secrets.Secret.fromSecretNameV2(this, 'Private', cookieSecretName(name));
    const pem = new CfnParameter(this, 'PublicPem', {
      type: 'AWS::SSM::Parameter::Value<String>',
      default: cookiePublicKeyParameter(name),
      description: 'Public half of the key for signed cookies: npm run deploy writes it',
    });
    this.publicKey = new cloudfront.PublicKey(this, 'Public', {
      // CloudFront changes no key that it has: another pair needs another construct beside this one.
      encodedKey: pem.valueAsString,
      comment: `${name}: signed cookies`,
    });
    this.group = new cloudfront.KeyGroup(this, 'Group', { items: [this.publicKey] });
  }
}
