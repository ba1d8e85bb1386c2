import type { Settings } from '../config.ts';

/** m1.live.example.com, …: one for each media distribution. Empty without a domain. */
export const mediaNames = ({ domain, delivery }: Settings): readonly string[] =>
  domain === undefined
    ? []
    : Array.from({ length: delivery.mediaDistributions }, (_, index) => `m${index + 1}.${domain.name}`);

/**
 * Where Cognito gives tokens to the pages: a host beside that of the issuer's name. Its first label is chosen with the
 * user pool, after the pages' headers are; nobody else's script runs in them to make use of another one.
 */
const cognitoTokens = (region: string): string => `https://*.auth.${region}.amazoncognito.com`;

/** What the pages may connect to in order to sign people in. */
export const signInOrigins = ({
  identity,
  region,
}: Settings): { readonly issuer: string; readonly tokens: readonly string[] } =>
  identity === undefined
    ? { issuer: `https://cognito-idp.${region}.amazonaws.com`, tokens: [cognitoTokens(region)] }
    : { issuer: identity.issuer, tokens: [] };
