import { Validations } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, CacheControl, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { Construct } from 'constructs';
import { assetCaching, pageCaching } from '../../core/pages.ts';
import { removalOf } from '../keeping.ts';
import { acknowledgeWildcards } from '../wildcards.ts';

export interface PagesProps {
  /** dist/web, built. */
  readonly folder: string;
}

/** The built pages in their bucket. All they have to know (issuer, client) the API tells them. */
export class Pages extends Construct {
  readonly bucket: s3.Bucket;

  constructor(scope: Construct, id: string, { folder }: PagesProps) {
    super(scope, id);
    this.bucket = new s3.Bucket(this, 'Bucket', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      // They are built again from the checkout at any time.
      removalPolicy: removalOf(false),
      autoDeleteObjects: true,
    });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions::AwsSolutions-S1',
      reason: 'it is read through CloudFront only, whose logs name every request',
    });
    const shared = {
      // The library's own types don't agree under exactOptionalPropertyTypes.
      destinationBucket: this.bucket as s3.IBucket,
      // A page that is open loads assets of the release before this one.
      prune: false,
      memoryLimit: 512,
    };
    const assets = new BucketDeployment(this, 'Assets', {
      ...shared,
      sources: [Source.asset(folder, { exclude: ['*.html'] })],
      cacheControl: [CacheControl.fromString(assetCaching)],
    });
    const pages = new BucketDeployment(this, 'Html', {
      ...shared,
      sources: [Source.asset(folder, { exclude: ['assets'] })],
      cacheControl: [CacheControl.fromString(pageCaching)],
    });
    // A page never names what is not there yet.
    pages.node.addDependency(assets);
    acknowledgeUploader(pages);
  }
}

/** The library's own Lambda and its role, made once for all uploads of a stack: nothing of it can be said otherwise. */
function acknowledgeUploader({ handlerRole }: BucketDeployment): void {
  const uploader = handlerRole.node.scope;
  if (uploader === undefined) throw new TypeError('the uploader has no scope');
  const reason =
    'the CDK library grants its uploader so; it reaches the pages and the deployment assets only';
  const found = [
    'L1',
    'IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
    ...['GetBucket*', 'GetObject*', 'List*', 'Abort*', 'DeleteObject*'].map(
      (name) => `IAM5[Action::s3:${name}]`,
    ),
  ];
  for (const rule of found)
    Validations.of(uploader).acknowledge({ id: `AwsSolutions::AwsSolutions-${rule}`, reason });
  acknowledgeWildcards(handlerRole as iam.Role, { '-assets-': reason, PagesBucket: reason });
}
