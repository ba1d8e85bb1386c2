import { errors, jwtVerify, type JWTPayload, type JWTVerifyResult } from 'jose';
import { tokenKind } from './token-kind.ts';
import { createIssuerKeys, IssuerUnreachableError, type Fetch } from './issuer-keys.ts';

export { IssuerUnreachableError } from './issuer-keys.ts';

/** Whose token it is. */
export interface Identity {
  readonly subject: string;
  /** Groups that the issuer says they are in; none when it says nothing. */
  readonly groups: readonly string[];
  /** What they are called, as the issuer says it: any text. Absent when it says nothing. */
  readonly name?: string;
}

export type TokenFault =
  | 'malformed'
  | 'algorithm'
  | 'bad-signature'
  | 'expired'
  | 'not-yet-valid'
  | 'wrong-issuer'
  | 'wrong-audience'
  | 'id-token'
  | 'other-kind'
  | 'no-subject';

const texts: Readonly<Record<TokenFault, string>> = {
  malformed: 'this is not a signed JWT',
  algorithm: 'the token is not signed with RS256, ES256 or EdDSA',
  'bad-signature': 'the signature of the token is not of this issuer',
  expired: 'the token has expired: sign in again',
  'not-yet-valid': 'the token is not valid yet: is a clock wrong?',
  'wrong-issuer': 'the token is of another issuer',
  'wrong-audience': 'the token was made for another application',
  'id-token': 'this is an ID token: send the access token',
  'other-kind': 'this is not an access token: send the access token',
  'no-subject': 'the token does not say whose it is, or not when it expires',
};

/** The token is not good. The message is fit for its owner and contains nothing of the token. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
  readonly fault: TokenFault;

  constructor(fault: TokenFault, options?: ErrorOptions) {
    super(texts[fault], options);
    this.fault = fault;
  }
}

export interface TokenVerifier {
  /** @throws TokenError, or IssuerUnreachableError when nobody can tell. */
  verify(token: string): Promise<Identity>;
}

/** Asymmetric only: with HS256 a public key would be a secret, with `none` there is none. */
const algorithms = ['RS256', 'ES256', 'EdDSA', 'Ed25519'];
/** Clocks of issuer and machine differ by seconds, not minutes. */
const leewayS = 30;
/** OpenID Connect Core 2: `sub` has at most 255 ASCII characters. */
const subjectPattern = /^[\x21-\x7e]{1,255}$/;
/** Real ones have 1–3 KiB. */
const maxTokenLength = 8_192;

function faultOf(error: unknown): TokenFault {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'iss') return 'wrong-issuer';
    if (error.claim === 'nbf' || error.claim === 'iat') return 'not-yet-valid';
    return 'no-subject';
  }
  if (
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  )
    return 'bad-signature';
  return 'malformed';
}

/** Cognito's access tokens have no `aud`: they name the application in `client_id`. */
function isFor(clientId: string, payload: JWTPayload): boolean {
  if (payload.aud !== undefined) return [payload.aud].flat().includes(clientId);
  return payload['token_use'] === 'access' && payload['client_id'] === clientId;
}

/** Cognito says groups by a name of its own; `groups` is what most others send. Anything but a text is no group. */
function groupsOf(payload: JWTPayload): readonly string[] {
  const said = payload['cognito:groups'] ?? payload['groups'] ?? [];
  return [said].flat().filter((group): group is string => typeof group === 'string');
}

/** Access tokens need not say it (Cognito's `username` may be a number); who says none gets a name from their id. */
function nameOf(payload: JWTPayload): string | undefined {
  return ['preferred_username', 'nickname', 'name', 'username']
    .map((claim) => payload[claim])
    .find((said) => typeof said === 'string' && said.trim() !== '') as string | undefined;
}

/** Checks tokens of one OIDC issuer for one application. */
export function createTokenVerifier(options: {
  readonly issuer: string;
  readonly clientId: string;
  readonly clock: { now(): number };
  readonly fetch?: Fetch;
}): TokenVerifier {
  const { issuer, clientId, clock } = options;
  const keys = createIssuerKeys(issuer, options.fetch ?? fetch);

  const read = async (token: string): Promise<JWTVerifyResult> => {
    if (token.length > maxTokenLength) throw new TokenError('malformed');
    try {
      return await jwtVerify(token, keys, {
        algorithms,
        issuer,
        clockTolerance: leewayS,
        currentDate: new Date(clock.now()),
        requiredClaims: ['exp', 'sub'],
      });
    } catch (cause) {
      if (cause instanceof IssuerUnreachableError) throw cause;
      throw new TokenError(faultOf(cause), { cause });
    }
  };

  return {
    async verify(token) {
      const { payload, protectedHeader } = await read(token);
      const kind = tokenKind(protectedHeader.typ, payload);
      if (kind !== 'access') throw new TokenError(kind);
      if (!isFor(clientId, payload)) throw new TokenError('wrong-audience');
      const subject = payload.sub;
      if (subject === undefined || !subjectPattern.test(subject)) throw new TokenError('no-subject');
      const name = nameOf(payload);
      return { subject, groups: groupsOf(payload), ...(name === undefined ? {} : { name }) };
    },
  };
}
