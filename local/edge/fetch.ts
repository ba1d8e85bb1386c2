import { Readable } from 'node:stream';
import type { Route } from '../../core/routes.ts';
import { OriginError, type OriginAnswer, type WholeAnswer } from './answer.ts';
import { compressedHeaders, compressible, compressWhole } from './compress.ts';
import { freshness } from './freshness.ts';

/** What a flight brings home for all that wait for it. */
export type Outcome =
  | { readonly kind: 'whole'; readonly answer: WholeAnswer; readonly ttlS: number }
  /** For one viewer only: the first to take it has it, the others must ask for themselves. */
  | { readonly kind: 'alone'; take(): OriginAnswer | undefined };

function alone(answer: OriginAnswer): Outcome {
  let left: OriginAnswer | undefined = answer;
  return {
    kind: 'alone',
    take: () => {
      const taken = left;
      left = undefined;
      return taken;
    },
  };
}

type Collected = { readonly whole: Buffer } | { readonly prefix: readonly Buffer[]; readonly rest: Readable };

async function collect(body: Readable, maxBytes: number): Promise<Collected> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const iterator: AsyncIterator<Buffer> = body.iterator({ destroyOnReturn: false });
  for (;;) {
    const { done, value } = await iterator.next();
    if (done === true) return { whole: chunks.length === 1 ? (chunks[0] ?? value) : Buffer.concat(chunks) };
    chunks.push(value);
    bytes += value.length;
    if (bytes <= maxBytes) continue;
    await iterator.return?.();
    return { prefix: chunks, rest: body };
  }
}

async function* joined(prefix: readonly Buffer[], rest: Readable): AsyncGenerator<Buffer> {
  yield* prefix;
  yield* rest as AsyncIterable<Buffer>;
}

const contentLength = (answer: OriginAnswer): number | undefined => {
  const value = answer.headers['content-length'];
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
};

/**
 * Decides what one origin answer is for. Answers to be shared are read to their end first: nobody gets half
 * of an answer, and a part is small. What is too large for that streams to the one who asked.
 */
export async function judge(
  answer: OriginAnswer,
  options: {
    readonly route: Route;
    readonly gzip: boolean;
    readonly maxWholeBytes: number;
    readonly nowMs: number;
  },
): Promise<Outcome> {
  const { route, gzip, maxWholeBytes, nowMs } = options;
  const { ttlS, shared } = freshness(route, answer.status, answer.headers, nowMs);
  const length = contentLength(answer);
  // An answer that is not to be kept and has no announced end may have none (an event stream).
  const endless = ttlS === 0 && length === undefined && answer.status < 400;
  let body: Buffer;
  if (Buffer.isBuffer(answer.body)) {
    if (!shared) return alone(answer);
    body = answer.body;
  } else {
    if (!shared || endless || (length ?? 0) > maxWholeBytes) return alone(answer);
    try {
      const collected = await collect(answer.body, maxWholeBytes);
      if ('rest' in collected)
        return alone({ ...answer, body: Readable.from(joined(collected.prefix, collected.rest)) });
      body = collected.whole;
    } catch (error) {
      if (error instanceof OriginError) throw error;
      throw new OriginError(502, 'the origin broke off in the middle of its answer', { cause: error });
    }
  }
  const age = answer.headers['age'];
  const whole = {
    status: answer.status,
    receivedAtMs: nowMs,
    ageS: typeof age === 'string' && /^\d{1,10}$/.test(age) ? Number(age) : 0,
  };
  const squeeze = gzip && route.compress && compressible(answer.status, answer.headers, body.length);
  // Age counts from Date, so that a kept answer needs the Date of its coming.
  const dated = { date: new Date(nowMs).toUTCString(), ...answer.headers };
  const headers = squeeze ? compressedHeaders(dated) : dated;
  if (squeeze) body = await compressWhole(body);
  return { kind: 'whole', ttlS, answer: { ...whole, headers, body } };
}
