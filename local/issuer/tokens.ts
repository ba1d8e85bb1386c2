import { createHash } from 'node:crypto';
import { SignJWT } from 'jose';
import { operatorGroup } from '../../core/api/ops.ts';
import type { Grant } from './codes.ts';
import type { IssuerKey } from './keys.ts';

/** A working day, so that nobody who tries things out has to sign in twice. */
export const tokenLifetimeS = 12 * 3_600;

/** The one person here who runs the platform. */
export const operatorName = 'operator';

const groupsOf = (subject: string): { readonly groups?: readonly string[] } =>
  subject === operatorName ? { groups: [operatorGroup] } : {};

/** OpenID Connect Core 3.1.3.6, for ES256. */
const halfHash = (token: string): string =>
  createHash('sha256').update(token).digest().subarray(0, 16).toString('base64url');

export interface TokenMaker {
  access(subject: string, lifetimeS?: number): Promise<string>;
  /** @param access the access token that goes with it. */
  id(grant: Grant, access: string): Promise<string>;
}

export function createTokenMaker(options: {
  readonly key: IssuerKey;
  readonly issuerUrl: string;
  readonly clientId: string;
  readonly clock: { now(): number };
  readonly random: (size: number) => Uint8Array;
}): TokenMaker {
  const { key, issuerUrl, clientId, clock, random } = options;

  const sign = (
    type: string,
    subject: string,
    claims: Readonly<Record<string, unknown>>,
    lifetimeS: number,
  ): Promise<string> => {
    const nowS = Math.floor(clock.now() / 1_000);
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'ES256', typ: type, kid: key.keyId })
      .setIssuer(issuerUrl)
      .setSubject(subject)
      .setAudience(clientId)
      .setIssuedAt(nowS)
      .setExpirationTime(nowS + lifetimeS)
      .setJti(Buffer.from(random(16)).toString('base64url'))
      .sign(key.privateKey);
  };

  return {
    // RFC 9068: at+jwt and client_id.
    access: (subject, lifetimeS = tokenLifetimeS) =>
      sign(
        'at+jwt',
        subject,
        { client_id: clientId, scope: 'openid profile', preferred_username: subject, ...groupsOf(subject) },
        lifetimeS,
      ),
    id: ({ subject, nonce, signedInAt }, access) =>
      sign(
        'JWT',
        subject,
        {
          name: subject,
          preferred_username: subject,
          ...groupsOf(subject),
          // With it nobody takes this for an access token (runtime/identity/token-kind.ts).
          at_hash: halfHash(access),
          auth_time: Math.floor(signedInAt / 1_000),
          ...(nonce === undefined ? {} : { nonce }),
        },
        tokenLifetimeS,
      ),
  };
}
