import { Duration, RemovalPolicy, Validations, type App } from 'aws-cdk-lib';
import type * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secrets from 'aws-cdk-lib/aws-secretsmanager';
import type { Settings } from '../config.ts';
import { removalOf } from '../keeping.ts';
import { redisSecretName } from '../naming.ts';
import type { DataParts } from '../parts.ts';
import { TidecastStack } from '../stack.ts';
import { letCloudFrontRead } from './archive-readers.ts';
import { CookieKeys } from './cookie-keys.ts';
import { Tables } from './tables.ts';

/** What must survive everything else: tables, recordings, secrets. */
export class DataStack extends TidecastStack implements DataParts {
  readonly tables: Tables;
  readonly archive: s3.IBucket;
  /** The private key for signed cookies, PEM. */
  readonly cookieKey: secrets.ISecret;
  readonly cookiePublicKey: cloudfront.IPublicKey;
  readonly cookieKeyGroup: cloudfront.IKeyGroup;
  /** Password of every shard's Redis. */
  readonly redisPassword: secrets.ISecret;

  constructor(app: App, settings: Settings) {
    super(app, { part: 'data', settings, description: 'tables, recordings and secrets' });
    this.tables = new Tables(this, 'Tables', { settings });
    const archive = new s3.Bucket(this, 'Archive', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: removalOf(settings.keepData),
      lifecycleRules: [
        // What a task that died has left half uploaded is billed and seen by nobody.
        { id: 'unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
        {
          // Most recordings are watched in their first month; the tier costs nothing to read from at once.
          id: 'seldom-watched',
          prefix: 'archive/',
          transitions: [
            { storageClass: s3.StorageClass.INTELLIGENT_TIERING, transitionAfter: Duration.days(30) },
          ],
        },
      ],
    });
    // The library's own types don't agree under exactOptionalPropertyTypes, here and below.
    this.archive = archive as s3.IBucket;
    Validations.of(archive).acknowledge({
      id: 'AwsSolutions::AwsSolutions-S1',
      reason:
        'it is read through CloudFront only, whose logs name every request; and written by our own tasks',
    });
    letCloudFrontRead(archive);
    const keys = new CookieKeys(this, 'CookieKeys', { name: settings.name });
    this.cookieKey = keys.privateKey;
    this.cookiePublicKey = keys.publicKey;
    this.cookieKeyGroup = keys.group;
    this.redisPassword = new secrets.Secret(this, 'RedisPassword', {
      secretName: redisSecretName(settings.name),
      description: `Tidecast: password of every chat shard's Redis`,
      // ElastiCache takes 16 to 128 characters, of the punctuation only some.
      generateSecretString: { excludePunctuation: true, passwordLength: 64 },
      removalPolicy: RemovalPolicy.DESTROY,
    }) as secrets.ISecret;
    Validations.of(this.redisPassword).acknowledge({
      id: 'AwsSolutions::AwsSolutions-SMG4',
      reason: 'running tasks know only the password they began with: rotated by deploying, shard by shard',
    });
  }
}
