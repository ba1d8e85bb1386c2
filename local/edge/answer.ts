import type { Readable } from 'node:stream';

/** Lower-case names. Only Set-Cookie has several values. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[]>>;

/** What an origin is asked. */
export interface OriginRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What the viewer sent as Cookie. For a load balancer's stickiness; no origin is told. */
  readonly cookie?: string | undefined;
  readonly body?: Readable;
  readonly signal: AbortSignal;
}

/** What an origin answered. A body that is a stream must be read to its end or destroyed. */
export interface OriginAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Readable | Buffer;
}

export type Origin = (request: OriginRequest) => Promise<OriginAnswer>;

/** An answer that is in memory as a whole. Shared by many responses: never changed. */
export interface WholeAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Buffer;
  readonly receivedAtMs: number;
  /** The Age that it had when it came. */
  readonly ageS: number;
}

/** The origin could not be reached (502) or did not answer in time (504). */
export class OriginError extends Error {
  override readonly name = 'OriginError';
  readonly status: 502 | 503 | 504;

  constructor(status: 502 | 503 | 504, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.status = status;
  }
}

export function plainAnswer(status: number, text: string, headers: AnswerHeaders = {}): OriginAnswer {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
    body: Buffer.from(`${text}\n`),
  };
}
