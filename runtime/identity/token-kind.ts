/**
 * What a token is for. An ID token tells an application who signed in; it lies about in pages and logs, and its `aud`
 * is that application: taken as an access token it would let whoever finds it act for its owner.
 */
import type { JWTPayload } from 'jose';

export type TokenKind = 'access' | 'id-token' | 'other-kind';

/** RFC 9068 2.1 and RFC 7519 5.1. Others are of logout, DPoP, security events … */
const accessType = 'at+jwt';
const anyType = 'jwt';

/** @param type `typ` of the header: a media type, in any case, mostly without `application/` (RFC 7515 4.1.9). */
export function tokenKind(type: string | undefined, payload: JWTPayload): TokenKind {
  const mediaType = type?.toLowerCase().replace(/^application\//, '');
  // Cognito, Keycloak. OpenID Connect Core 3.1.3.6 and 3.3.2.11: only ID tokens vouch for a token or a code beside them.
  if (payload['token_use'] === 'id' || payload['typ'] === 'ID') return 'id-token';
  if (payload['at_hash'] !== undefined || payload['c_hash'] !== undefined) return 'id-token';
  if (mediaType === accessType) return 'access';
  if (mediaType !== undefined && mediaType !== anyType) return 'other-kind';
  // Keycloak before 25 repeats the nonce of the sign-in in its access tokens, which say what they are.
  if (payload['token_use'] === 'access' || payload['typ'] === 'Bearer') return 'access';
  return payload['nonce'] === undefined ? 'access' : 'id-token';
}
