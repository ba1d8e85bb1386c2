import type { IncomingMessage, ServerResponse } from 'node:http';

/** The body is not a form, or too long for one. */
export class BadFormError extends Error {
  override readonly name = 'BadFormError';
}

/** A sign-in form has about 1 KiB. */
const maxFormBytes = 16 * 1024;

export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';', 1);
  if (type.trim().toLowerCase() !== 'application/x-www-form-urlencoded')
    throw new BadFormError('send application/x-www-form-urlencoded');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxFormBytes) throw new BadFormError(`send at most ${maxFormBytes} bytes`);
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}

/** `formTargets`: Chromium holds redirects after a form to form-action, so they are named too. */
export function sendPage(
  response: ServerResponse,
  status: number,
  html: string,
  formTargets: readonly string[] = [],
): void {
  response
    .writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' ${formTargets.join(' ')}`,
    })
    .end(html);
}

/** 303: the browser follows with GET, whatever it sent. */
export function redirect(
  response: ServerResponse,
  to: string,
  parameters: Readonly<Record<string, string | undefined>> = {},
): void {
  const url = new URL(to);
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(key, value);
  }
  response.writeHead(303, { location: url.href }).end();
}
