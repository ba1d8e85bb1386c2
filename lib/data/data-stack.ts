import { Duration, Validations, type App } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secrets from 'aws-cdk-lib/aws-secretsmanager';
import type { Settings } from '../config.ts';
import { removalOf } from '../keeping.ts';
import { TidecastStack } from '../stack.ts';
import { Tables } from './tables.ts';

/** What must survive everything else: tables, recordings, secrets. */
export class DataStack extends TidecastStack {
  readonly tables: Tables;
  readonly archive: s3.Bucket;
  /** The private key for signed cookies, PEM. `npm run deploy` writes it, with its public half (naming.ts). */
  readonly cookieKey: secrets.ISecret;

  constructor(app: App, settings: Settings) {
    super(app, { part: 'data', settings, description: 'tables, recordings and secrets' });
    this.tables = new Tables(this, 'Tables', { settings });
    this.archive = new s3.Bucket(this, 'Archive', {
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
    Validations.of(this.archive).acknowledge({
      id: 'AwsSolutions::AwsSolutions-S1',
      reason:
        'it is read through CloudFront only, whose logs name every request; and written by our own tasks',
    });
    this.cookieKey = secrets.Secret.fromSecretNameV2(this, 'CookieKey', `${settings.name}/cookie-key`);
  }
}
