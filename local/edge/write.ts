import type { IncomingMessage } from 'node:http';
import { Transform } from 'node:stream';
import { viewerHeaders } from '../../core/viewer-headers.ts';
import type { Logger } from '../../runtime/telemetry/log.ts';
import { OriginError } from './answer.ts';
import { forward } from './cache-key.ts';
import { forwardedFor, whileWaiting, type Counters, type Exchange } from './exchange.ts';
import type { Origins } from './origins/origins.ts';
import { closeIfUnread, refuse, sendAlone } from './respond.ts';

/** The largest body that an API call has is a title; this leaves room for a chat export to come. */
export const maxBodyBytes = 1024 ** 2;

class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
}

function bounded(request: IncomingMessage): Transform {
  let bytes = 0;
  const limiter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBodyBytes) done(new BodyTooLargeError('the body is larger than the edge forwards'));
      else done(null, chunk);
    },
  });
  return request.pipe(limiter);
}

const tooLarge = `The body may have ${maxBodyBytes} bytes at most.`;

/** Sends a POST, PUT, PATCH or DELETE, and what a route never keeps, to the origin and its answer back. Nothing is kept or shared. */
export function createWriter(dependencies: {
  readonly origins: Origins;
  readonly counters: Counters;
  readonly log: Logger;
}): (exchange: Exchange) => Promise<void> {
  const { origins, counters, log } = dependencies;
  return async ({ request, response, route, path, query }) => {
    const length = request.headers['content-length'];
    if (length !== undefined && Number(length) > maxBodyBytes) {
      counters.refused += 1;
      return refuse(response, 413, tooLarge, { connection: 'close' });
    }
    const hasBody = (length !== undefined && length !== '0') || 'transfer-encoding' in request.headers;
    const forwarded = forward(route, path, query, request.headers);
    counters.originRequests += 1;
    try {
      const answer = await origins.of(route)({
        method: request.method ?? 'POST',
        path,
        query: forwarded.query,
        headers: {
          ...forwarded.headers,
          ...forwardedFor(request),
          ...(length === undefined ? {} : { 'content-length': length }),
        },
        cookie: request.headers.cookie,
        ...(hasBody ? { body: bounded(request) } : {}),
        // Also ends the call when the viewer breaks off in the middle of the body.
        signal: whileWaiting(response),
      });
      await sendAlone(
        {
          request,
          response,
          result: answer.status >= 400 ? 'Error' : 'Miss',
          viewerHeaders: viewerHeaders(route),
        },
        answer,
        'accept-encoding' in forwarded.headers,
      );
    } catch (error) {
      if (response.destroyed) return;
      if (error instanceof OriginError && error.cause instanceof BodyTooLargeError) {
        counters.refused += 1;
        return refuse(response, 413, tooLarge, closeIfUnread(request));
      }
      counters.originFailures += 1;
      log.warn({ route: route.name, path, err: error }, 'origin failed');
      refuse(
        response,
        error instanceof OriginError ? error.status : 502,
        error instanceof OriginError ? `${error.message}.` : 'The origin failed.',
        closeIfUnread(request),
      );
    }
  };
}
