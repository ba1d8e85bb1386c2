import { verify } from 'node:crypto';
import { getSignedCookies } from '@aws-sdk/cloudfront-signer';
import { z } from 'zod';

/**
 * CloudFront's signed cookies with a custom policy: one set opens everything below a path until a time.
 * CloudFront checks them at the edge; the local edge checks them with verifyCookies.
 */
export interface SignedCookies {
  readonly 'CloudFront-Policy': string;
  readonly 'CloudFront-Signature': string;
  readonly 'CloudFront-Key-Pair-Id': string;
}

export function signCookies(options: {
  /** For example `https://host/archive/<broadcast>/*`. `*` stands for any characters, `?` for one. */
  readonly resource: string;
  readonly expiresAtMs: number;
  readonly privateKeyPem: string;
  readonly keyPairId: string;
}): SignedCookies {
  const condition = { DateLessThan: { 'AWS:EpochTime': Math.floor(options.expiresAtMs / 1_000) } };
  const cookies = getSignedCookies({
    policy: JSON.stringify({ Statement: [{ Resource: options.resource, Condition: condition }] }),
    privateKey: options.privateKeyPem,
    keyPairId: options.keyPairId,
  });
  return {
    'CloudFront-Policy': cookies['CloudFront-Policy'] ?? '',
    'CloudFront-Signature': cookies['CloudFront-Signature'],
    'CloudFront-Key-Pair-Id': cookies['CloudFront-Key-Pair-Id'],
  };
}

export type CookieCheck =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly reason:
        | 'missing'
        | 'malformed'
        | 'unknown-key'
        | 'bad-signature'
        | 'expired'
        | 'not-yet'
        | 'other-resource';
    };

// A policy of ours has some 150 bytes and an RSA-4096 signature 512; a browser sends at most 4 KiB a cookie.
const maxCookieLength = 4_096;
/** CloudFront's own base64: + = / are not allowed in cookies' values and become - _ ~. */
const cloudFrontBase64 = /^[A-Za-z0-9\-_~]{4,}$/;

const epochTime = z.object({ 'AWS:EpochTime': z.number().int() });
// Strict: a condition that we do not check, such as IpAddress, must not pass as if it had been checked.
const policySchema = z.strictObject({
  Statement: z.tuple([
    z.strictObject({
      Resource: z.string().min(1).max(1_024),
      Condition: z.strictObject({ DateLessThan: epochTime, DateGreaterThan: epochTime.optional() }),
    }),
  ]),
});

/** Never throws. The signature is checked before a byte of the policy is believed. */
export function verifyCookies(options: {
  readonly cookies: Readonly<Record<string, string | undefined>>;
  /** The whole address that was asked for, as the browser sees it. */
  readonly url: string;
  readonly nowMs: number;
  /** Public keys (PEM) by key pair id. */
  readonly publicKeys: ReadonlyMap<string, string>;
}): CookieCheck {
  const { cookies, publicKeys } = options;
  const policyCookie = cookies['CloudFront-Policy'];
  const signatureCookie = cookies['CloudFront-Signature'];
  const keyPairId = cookies['CloudFront-Key-Pair-Id'];
  if (policyCookie === undefined || signatureCookie === undefined || keyPairId === undefined)
    return refused('missing');
  const policyBytes = decode(policyCookie);
  const signature = decode(signatureCookie);
  if (policyBytes === undefined || signature === undefined) return refused('malformed');
  const publicKey = publicKeys.get(keyPairId);
  if (publicKey === undefined) return refused('unknown-key');
  if (!isSignedBy(publicKey, policyBytes, signature)) return refused('bad-signature');
  const policy = parsePolicy(policyBytes);
  if (policy === undefined) return refused('malformed');
  const [{ Resource, Condition }] = policy.Statement;
  const nowS = options.nowMs / 1_000;
  if (nowS >= Condition.DateLessThan['AWS:EpochTime']) return refused('expired');
  if (Condition.DateGreaterThan !== undefined && nowS <= Condition.DateGreaterThan['AWS:EpochTime'])
    return refused('not-yet');
  return matchesWildcard(Resource, options.url) ? { ok: true } : refused('other-resource');
}

const refused = (reason: Extract<CookieCheck, { ok: false }>['reason']): CookieCheck => ({
  ok: false,
  reason,
});

function decode(cookie: string): Buffer | undefined {
  if (cookie.length > maxCookieLength || !cloudFrontBase64.test(cookie)) return undefined;
  return Buffer.from(cookie.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/'), 'base64');
}

function isSignedBy(publicKeyPem: string, bytes: Buffer, signature: Buffer): boolean {
  try {
    // SHA-1 because that is what a CloudFront cookie without CloudFront-Hash-Algorithm means.
    return verify('RSA-SHA1', bytes, publicKeyPem, signature);
  } catch {
    return false;
  }
}

function parsePolicy(bytes: Buffer): z.output<typeof policySchema> | undefined {
  try {
    return policySchema.safeParse(JSON.parse(bytes.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/**
 * `*` any number of characters, `?` exactly one. Goes back to the last star only, so that the work is
 * bounded by pattern × text; a regular expression of stars could take for ever.
 */
export function matchesWildcard(pattern: string, text: string): boolean {
  let inPattern = 0;
  let inText = 0;
  let star = -1;
  let starText = 0;
  while (inText < text.length) {
    const wanted = pattern[inPattern];
    if (wanted === '*') {
      star = inPattern++;
      starText = inText;
    } else if (wanted !== undefined && (wanted === '?' || wanted === text[inText])) {
      inPattern++;
      inText++;
    } else if (star >= 0) {
      inPattern = star + 1;
      inText = ++starText;
    } else return false;
  }
  while (pattern[inPattern] === '*') inPattern++;
  return inPattern === pattern.length;
}
