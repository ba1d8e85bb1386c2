import { z } from 'zod';

/** `s3://bucket[/prefix]`, or `file:///directory` on one machine. */
export const objectStoreUrl = z
  .string()
  .regex(/^(s3|file):\/\/.+/, 'must be s3://bucket[/prefix] or file:///directory');

/** Where the tables are; shared by every program that reads them. */
export const storeEnvironment = z.object({
  /** Tables are `<prefix>-channels` and so on (core/tables.ts). */
  TABLE_PREFIX: z.string().regex(/^[\w.-]{1,64}$/),
  /** Set when the tables are not in AWS (dynalite in local/). */
  DYNAMODB_ENDPOINT: z.url().optional(),
  AWS_REGION: z.string().default('us-east-1'),
});

export type StoreEnvironment = z.output<typeof storeEnvironment>;
