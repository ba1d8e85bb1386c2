/** Checks of what comes to /authorize, RFC 6749 4.1.1 with RFC 7636 and OpenID Connect Core 3.1.2.1. */
export interface AuthorizationRequest {
  readonly redirectUri: string;
  readonly state: string | undefined;
  readonly nonce: string | undefined;
  readonly challenge: string;
}

/** `page`: nothing is known to be safe to redirect to. `redirect`: the application is told. */
export type Checked =
  | { readonly kind: 'ok'; readonly request: AuthorizationRequest }
  | { readonly kind: 'page'; readonly text: string }
  | {
      readonly kind: 'redirect';
      readonly redirectUri: string;
      readonly state: string | undefined;
      readonly error: 'unsupported_response_type' | 'invalid_scope' | 'invalid_request';
      readonly text: string;
    };

const maxText = 1_024;

/** The whole address is the application's own affair, but it has to lie on one of the allowed origins. */
export function isAllowedRedirect(uri: string, origins: readonly string[]): boolean {
  if (!URL.canParse(uri)) return false;
  const url = new URL(uri);
  return (
    origins.includes(url.origin) &&
    url.username === '' &&
    url.password === '' &&
    url.hash === '' &&
    // What is compared at /token is the text, so it has to be in the one form that a browser makes of it.
    url.href === uri
  );
}

export function checkAuthorization(
  parameters: URLSearchParams,
  application: { readonly clientId: string; readonly redirectOrigins: readonly string[] },
): Checked {
  const clientId = parameters.get('client_id');
  if (clientId !== application.clientId)
    return { kind: 'page', text: `client_id must be ${application.clientId}.` };
  const redirectUri = parameters.get('redirect_uri') ?? '';
  if (!isAllowedRedirect(redirectUri, application.redirectOrigins))
    return {
      kind: 'page',
      text: `redirect_uri must be an address under ${application.redirectOrigins.join(' or ')}.`,
    };
  const state = parameters.get('state') ?? undefined;
  const nonce = parameters.get('nonce') ?? undefined;
  const refuse = (error: Extract<Checked, { kind: 'redirect' }>['error'], text: string): Checked => ({
    kind: 'redirect',
    redirectUri,
    state,
    error,
    text,
  });

  if ((state?.length ?? 0) > maxText || (nonce?.length ?? 0) > maxText)
    return { kind: 'page', text: `state and nonce may have ${maxText} characters.` };
  if (parameters.get('response_type') !== 'code')
    return refuse('unsupported_response_type', 'response_type must be code');
  if (!(parameters.get('scope') ?? '').split(' ').includes('openid'))
    return refuse('invalid_scope', 'scope must contain openid');
  const challenge = parameters.get('code_challenge') ?? '';
  if (parameters.get('code_challenge_method') !== 'S256' || !/^[\w-]{43}$/.test(challenge))
    return refuse('invalid_request', 'PKCE is needed: code_challenge with code_challenge_method=S256');
  return { kind: 'ok', request: { redirectUri, state, nonce, challenge } };
}
