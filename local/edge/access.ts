import { verifyCookies, type CookieCheck } from '../../runtime/identity/signed-cookies.ts';

/** The cookies of a request. Of two with one name the first counts: browsers send the more specific path first. */
export function readCookies(header: string | undefined): Readonly<Record<string, string>> {
  const cookies: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const pair of (header ?? '').split(';')) {
    const equals = pair.indexOf('=');
    if (equals === -1) continue;
    const name = pair.slice(0, equals).trim();
    cookies[name] ??= pair.slice(equals + 1).trim();
  }
  return cookies;
}

type Refusal = Extract<CookieCheck, { ok: false }>['reason'];

const texts: Readonly<Record<Refusal, string>> = {
  missing: 'the request has none; ask the API for the playback addresses first',
  malformed: 'they can not be read',
  'unknown-key': 'their key is not known here',
  'bad-signature': 'their signature is wrong',
  expired: 'they have expired; ask the API for the playback addresses again',
  'not-yet': 'they are not valid yet',
  'other-resource': 'they are for another address',
};

/** Why a viewer may not have what is behind signed cookies; undefined when it may. */
export function barredBecause(question: {
  readonly cookieHeader: string | undefined;
  /** The viewer's address of what is asked for. */
  readonly url: string;
  readonly nowMs: number;
  /** PEM by key pair id. */
  readonly publicKeys: ReadonlyMap<string, string>;
}): string | undefined {
  const { cookieHeader, ...rest } = question;
  const check = verifyCookies({ ...rest, cookies: readCookies(cookieHeader) });
  return check.ok ? undefined : texts[check.reason];
}
