import { createHash } from 'node:crypto';

/**
 * A key comes from a client: of any length, with any bytes, and only unique for its person. Redis and the store
 * know it as this; whoever sees the hash can't post with it. `-`: none.
 */
export const hashOf = (personId: string, idempotencyKey: string | undefined): string =>
  idempotencyKey === undefined
    ? '-'
    : createHash('sha256').update(`${personId}\0${idempotencyKey}`).digest('base64url').slice(0, 22);
