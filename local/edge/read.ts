import { viewerHeaders } from '../../core/viewer-headers.ts';
import type { Logger } from '../../runtime/telemetry/log.ts';
import { OriginError, plainAnswer, type OriginAnswer, type OriginRequest } from './answer.ts';
import { forward, type Forwarded } from './cache-key.ts';
import type { Cache } from './cache.ts';
import { forwardedFor, whileWaiting, type Counters, type Exchange } from './exchange.ts';
import { judge, type Outcome } from './fetch.ts';
import type { Flights } from './flights.ts';
import type { Origins } from './origins/origins.ts';
import { sendAlone, sendWhole, type CacheResult, type Delivery } from './respond.ts';

export interface ReadDependencies {
  readonly cache: Cache;
  readonly flights: Flights<Outcome>;
  readonly origins: Origins;
  readonly counters: Counters;
  readonly clock: { now(): number };
  readonly log: Logger;
  readonly maxWholeBytes: number;
}

/** Answers GET and HEAD: from the cache, from a fetch under way for the same key, or from the origin. */
export function createReader(dependencies: ReadDependencies): (exchange: Exchange) => Promise<void> {
  const { cache, flights, origins, counters, clock, log, maxWholeBytes } = dependencies;

  const failure = (exchange: Exchange, error: unknown): OriginAnswer => {
    counters.originFailures += 1;
    log.warn({ route: exchange.route.name, path: exchange.path, err: error }, 'origin failed');
    if (error instanceof OriginError) return plainAnswer(error.status, `${error.message}.`);
    return plainAnswer(502, 'The origin failed.');
  };

  const ask = async (exchange: Exchange, request: OriginRequest): Promise<OriginAnswer> => {
    counters.originRequests += 1;
    try {
      return await origins.of(exchange.route)(request);
    } catch (error) {
      // Ended by ourselves because nobody waits any more: not the origin's fault.
      if (request.signal.aborted) throw error;
      return failure(exchange, error);
    }
  };

  const originRequest = (exchange: Exchange, forwarded: Forwarded, signal: AbortSignal): OriginRequest => ({
    // HEAD too asks for the whole, as what comes is to be kept.
    method: 'GET',
    path: forwarded.path,
    query: forwarded.query,
    headers: { ...forwarded.headers, ...forwardedFor(exchange.request) },
    signal,
  });

  const fly = async (exchange: Exchange, forwarded: Forwarded, signal: AbortSignal): Promise<Outcome> => {
    const { route } = exchange;
    const gzip = 'accept-encoding' in forwarded.headers;
    const answer = await ask(exchange, originRequest(exchange, forwarded, signal));
    if (
      'set-cookie' in answer.headers &&
      !/no-store|no-cache|private/.test(String(answer.headers['cache-control']))
    )
      log.warn(
        { route: route.name, path: exchange.path },
        'CloudFront may keep this answer, cookies and all',
      );
    const options = { route, gzip, maxWholeBytes, nowMs: clock.now() };
    let outcome: Outcome;
    try {
      outcome = await judge(answer, options);
    } catch (error) {
      if (signal.aborted) throw error;
      outcome = await judge(failure(exchange, error), options);
    }
    if (outcome.kind === 'whole') cache.put(forwarded.key, outcome.answer, outcome.ttlS);
    return outcome;
  };

  return async (exchange) => {
    const { request, response, route, path, query } = exchange;
    const forwarded = forward(route, path, query, request.headers);
    const delivery = (result: CacheResult, status: number): Delivery => ({
      request,
      response,
      // CloudFront calls every error by its name, wherever it came from.
      result: status >= 400 ? 'Error' : result,
      viewerHeaders: { ...viewerHeaders(route), ...(status < 400 ? exchange.headers : {}) },
    });

    const kept = cache.get(forwarded.key, clock.now());
    if (kept !== undefined) {
      counters.hits += 1;
      sendWhole(delivery('Hit', kept.status), kept, clock.now());
      return;
    }
    const ticket = flights.join(forwarded.key, (signal) => fly(exchange, forwarded, signal));
    response.once('close', () => ticket.leave());
    const outcome = await ticket.result;
    if (response.destroyed) return;
    if (outcome.kind === 'whole') {
      if (ticket.first) counters.misses += 1;
      else counters.collapsed += 1;
      sendWhole(delivery(ticket.first ? 'Miss' : 'Hit', outcome.answer.status), outcome.answer, clock.now());
      return;
    }
    counters.misses += 1;
    const answer =
      outcome.take() ?? (await ask(exchange, originRequest(exchange, forwarded, whileWaiting(response))));
    await sendAlone(delivery('Miss', answer.status), answer, 'accept-encoding' in forwarded.headers);
  };
}
