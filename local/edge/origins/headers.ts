import type { IncomingHttpHeaders } from 'node:http';
import type { AnswerHeaders } from '../answer.ts';

/** RFC 9110 7.6.1: they belong to one connection. */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What of an origin's headers belongs to the answer itself. */
export function answerHeaders(headers: IncomingHttpHeaders): AnswerHeaders {
  const named = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  const kept: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    // Which programs stand behind the edge is nobody's business.
    if (value === undefined || hopByHop.has(name) || named.has(name) || name === 'server') continue;
    kept[name] = value;
  }
  return kept;
}
