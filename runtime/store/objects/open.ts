import { fileURLToPath } from 'node:url';
import { openDirectoryStore } from './directory.ts';
import { ObjectStoreError, type ObjectStore } from './port.ts';
import { createS3Store } from './s3.ts';

/**
 * The store that OBJECT_STORE names: `s3://bucket[/prefix]` or `file:///directory`.
 * Credentials come from the SDK's own chain, another endpoint from AWS_ENDPOINT_URL_S3.
 */
export async function openObjectStore(options: {
  readonly url: string;
  readonly region: string;
  readonly clock: { now(): number };
}): Promise<ObjectStore> {
  const url = new URL(options.url);
  if (url.protocol === 'file:') return openDirectoryStore({ root: fileURLToPath(url), clock: options.clock });
  if (url.protocol === 's3:')
    return createS3Store({
      bucket: url.hostname,
      prefix: url.pathname.replaceAll(/^\/+|\/+$/g, ''),
      client: { region: options.region },
    });
  throw new ObjectStoreError(
    `no object store behind ${url.protocol}; use s3://bucket[/prefix] or file:///directory`,
    {
      retryable: false,
    },
  );
}
