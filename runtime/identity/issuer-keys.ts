import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';

/** Neither the token's fault nor the asker's: the issuer can't be asked for its keys. Answer 503, not 401. */
export class IssuerUnreachableError extends Error {
  override readonly name = 'IssuerUnreachableError';
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const metadata = z.object({ issuer: z.string(), jwks_uri: z.url() });

const timeoutMs = 5_000;

const belongsToToken = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys;

async function discover(issuer: string, fetch: Fetch): Promise<URL> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    const found = metadata.parse(await response.json());
    // OpenID Connect Discovery 4.3: or else one issuer could speak for another.
    if (found.issuer !== issuer) throw new Error(`it calls itself ${found.issuer}`);
    return new URL(found.jwks_uri);
  } catch (cause) {
    throw new IssuerUnreachableError(`the issuer ${issuer} could not be asked at ${url}`, { cause });
  }
}

/**
 * The keys of an issuer, found by discovery when they are first needed. They are kept 10 minutes; an unknown
 * key id asks again, but not more often than every 30 s. While the issuer is away its known keys stay good.
 */
export function createIssuerKeys(issuer: string, fetch: Fetch): JWTVerifyGetKey {
  let remote: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined;

  const open = async (): Promise<ReturnType<typeof createRemoteJWKSet>> => {
    const url = await discover(issuer, fetch);
    return createRemoteJWKSet(url, {
      timeoutDuration: timeoutMs,
      cacheMaxAge: 600_000,
      cooldownDuration: 30_000,
      [customFetch]: fetch,
    });
  };

  return async (header, token) => {
    remote ??= open().catch((error: unknown) => {
      remote = undefined;
      throw error;
    });
    const keys = await remote;
    try {
      return await keys(header, token);
    } catch (cause) {
      if (belongsToToken(cause)) throw cause;
      const known = keys.jwks();
      if (known !== undefined) {
        try {
          return await createLocalJWKSet(known)(header, token);
        } catch {
          // A key made since we last asked, perhaps: nobody can say now.
        }
      }
      throw new IssuerUnreachableError(`the keys of ${issuer} could not be had`, { cause });
    }
  };
}
