import type { Settings } from '../config.ts';
import { signInPrefix } from '../naming.ts';

/** m1.live.example.com, …: one for each media distribution. Empty without a domain. */
export const mediaNames = ({ domain, delivery }: Settings): readonly string[] =>
  domain === undefined
    ? []
    : Array.from({ length: delivery.mediaDistributions }, (_, index) => `m${index + 1}.${domain.name}`);

/** What the pages may connect to in order to sign people in: Cognito gives tokens on another host than its issuer's. */
export const signInOrigins = (
  { identity, name, region }: Settings,
  account: string,
): { readonly issuer: string; readonly tokens: readonly string[] } =>
  identity === undefined
    ? {
        issuer: `https://cognito-idp.${region}.amazonaws.com`,
        tokens: [`https://${signInPrefix(name, account)}.auth.${region}.amazoncognito.com`],
      }
    : { issuer: identity.issuer, tokens: [] };
