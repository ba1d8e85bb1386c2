import { RemovalPolicy } from 'aws-cdk-lib';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';

/** Data outlives its stack; anything that can be made again goes with it. */
export const removalOf = (isKept: boolean): RemovalPolicy =>
  isKept ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;

/** The members of RetentionDays are the numbers of days, and the settings allow those only. */
export const retentionOf = (days: number): RetentionDays => days;
