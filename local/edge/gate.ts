import type { IncomingMessage } from 'node:http';
import type { EdgeEvent, EdgeResponse, GateTools } from '../../lambda/gate/event.ts';
import { answer } from '../../lambda/gate/gate.ts';
import { readCookies } from './access.ts';
import type { AnswerHeaders } from './answer.ts';

/** What the function at the edge says of a request for a page. */
export type Admission =
  | {
      readonly isLetIn: false;
      readonly status: number;
      readonly headers: AnswerHeaders;
      readonly body: string;
    }
  /** `headers` go with the page if there is one. */
  | { readonly isLetIn: true; readonly headers: Readonly<Record<string, string>> };

export type PageGate = (request: IncomingMessage, path: string) => Promise<Admission>;

/** There is no TLS here, and browsers keep no cookie that asks for it. */
const withoutTls = (attributes: string): string => attributes.replace('; Secure', '');

function eventOf(request: IncomingMessage, path: string): EdgeEvent {
  const { cookie, 'user-agent': userAgent } = request.headers;
  const cookies = Object.entries(readCookies(cookie)).map(([name, value]) => [name, { value }] as const);
  return {
    context: { eventType: 'viewer-request' },
    viewer: { ip: request.socket.remoteAddress ?? '' },
    request: {
      method: request.method ?? 'GET',
      uri: path,
      headers: userAgent === undefined ? {} : { 'user-agent': { value: userAgent } },
      cookies: Object.fromEntries(cookies),
    },
  };
}

const textOf = (headers: EdgeResponse['headers']): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, { value }]) => [name, value]));

/**
 * The function of CloudFront in front of the pages. Which file a path has, and what is no page, the local pages' origin
 * knows itself; the rest is the function's.
 */
export function createPageGate(tools: GateTools): PageGate {
  return async (request, path) => {
    const said = await answer(eventOf(request, path), tools);
    if ('statusCode' in said)
      return {
        isLetIn: false,
        status: said.statusCode,
        headers: textOf(said.headers),
        body: said.body ?? '',
      };
    const after = await answer(
      {
        ...eventOf(request, path),
        context: { eventType: 'viewer-response' },
        response: { statusCode: 200, headers: {} },
      },
      tools,
    );
    const cookies = 'statusCode' in after ? Object.entries(after.cookies ?? {}) : [];
    const [cookie] = cookies.map(
      ([name, { value, attributes = '' }]) => `${name}=${value}; ${withoutTls(attributes)}`,
    );
    return { isLetIn: true, headers: cookie === undefined ? {} : { 'set-cookie': cookie } };
  };
}
