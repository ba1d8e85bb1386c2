import { promisify } from 'node:util';
import { constants, createGzip, gzip } from 'node:zlib';
import type { Transform } from 'node:stream';
import type { AnswerHeaders } from './answer.ts';

const gzipWhole = promisify(gzip);

/** The text types among those that CloudFront compresses, as far as Tidecast sends them. */
const compressed: ReadonlySet<string> = new Set([
  'application/javascript',
  'application/json',
  'application/problem+json',
  'application/vnd.apple.mpegurl',
  'application/x-mpegurl',
  'image/svg+xml',
  'text/css',
  'text/html',
  'text/javascript',
  'text/plain',
]);

/** CloudFront's bounds: 1,000 bytes to 10 MB. */
const minBytes = 1000;
const maxBytes = 10_000_000;

const text = (value: string | readonly string[] | undefined): string =>
  typeof value === 'string' ? value : '';

/** Whether the edge is to compress this answer. `length` is undefined while a stream's length is not known. */
export function compressible(status: number, headers: AnswerHeaders, length: number | undefined): boolean {
  const type = text(headers['content-type']).split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const sized = length === undefined || (length >= minBytes && length <= maxBytes);
  return (
    sized && status !== 204 && status !== 304 && !('content-encoding' in headers) && compressed.has(type)
  );
}

/** The headers of the compressed form: another representation, so the validator becomes a weak one. */
export function compressedHeaders(headers: AnswerHeaders): AnswerHeaders {
  const { 'content-length': _length, 'accept-ranges': _ranges, etag, vary, ...rest } = headers;
  const strong = text(etag);
  return {
    ...rest,
    'content-encoding': 'gzip',
    vary: vary === undefined ? 'Accept-Encoding' : `${text(vary)}, Accept-Encoding`,
    ...(strong === '' ? {} : { etag: strong.startsWith('W/') ? strong : `W/${strong}` }),
  };
}

/** Level 4: a playlist in a third of a millisecond, a tenth larger than at level 9. */
const level = 4;

export const compressWhole = (body: Buffer): Promise<Buffer> => gzipWhole(body, { level });

/** Every chunk goes out as it comes in. */
export const compressStream = (): Transform => createGzip({ level, flush: constants.Z_SYNC_FLUSH });
