import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';

/**
 * Lets this account's distributions read recordings and pictures. Which ones they are stands in a stack that comes
 * after the bucket's: named here, the two would depend on each other (notes aws, pitfall 3).
 */
export function letCloudFrontRead(bucket: s3.Bucket): void {
  const { account, partition } = Stack.of(bucket);
  const common = {
    principals: [new iam.ServicePrincipal('cloudfront.amazonaws.com')],
    conditions: {
      ArnLike: { 'aws:SourceArn': `arn:${partition}:cloudfront::${account}:distribution/*` },
      StringEquals: { 'aws:SourceAccount': account },
    },
  };
  bucket.addToResourcePolicy(
    new iam.PolicyStatement({
      ...common,
      actions: ['s3:GetObject'],
      resources: [bucket.arnForObjects('archive/*'), bucket.arnForObjects('thumbs/*')],
    }),
  );
  // With the right to list, S3 calls what is missing 404 and not 403, which players take for cookies that have expired.
  bucket.addToResourcePolicy(
    new iam.PolicyStatement({ ...common, actions: ['s3:ListBucket'], resources: [bucket.bucketArn] }),
  );
}
