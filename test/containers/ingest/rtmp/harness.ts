import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import type { MediaMessage, SessionEnd } from '../../../../core/media/flow.ts';
import { startRtmpServer } from '../../../../containers/ingest/rtmp/server.ts';
import type {
  Authorise,
  Publisher,
  PublishRequest,
  PublishSink,
  RtmpEvent,
  RtmpServer,
  RtmpServerOptions,
} from '../../../../containers/ingest/rtmp/types.ts';

/** Made up: the shape of a real one (core/broadcast/stream-key.ts), the secret of nobody. */
export const goodKey = `${'0'.repeat(26)}_${'k'.repeat(32)}`;
export const otherKey = `${'1'.repeat(26)}_${'k'.repeat(32)}`;

/** Keeps what an accepted encoder sent, and lets tests wait for it. */
export class RecordingSink implements PublishSink {
  readonly messages: MediaMessage[] = [];
  readonly ends: SessionEnd[] = [];
  readonly #waiting: (() => void)[] = [];

  message(message: MediaMessage): void {
    this.messages.push(message);
    this.#wake();
  }

  ended(reason: SessionEnd): void {
    this.ends.push(reason);
    this.#wake();
  }

  async until(condition: (sink: RecordingSink) => boolean): Promise<void> {
    while (!condition(this)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async end(): Promise<SessionEnd | undefined> {
    await this.until(() => this.ends.length > 0);
    return this.ends[0];
  }

  count(kind: MediaMessage['kind']): number {
    return this.messages.filter((message) => message.kind === kind).length;
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

export interface Session {
  readonly request: PublishRequest;
  readonly publisher: Publisher;
  readonly signal: AbortSignal;
  readonly sink: RecordingSink;
}

export interface Harness {
  readonly server: RtmpServer;
  readonly port: number;
  readonly sessions: readonly Session[];
  readonly events: readonly RtmpEvent[];
  /** Every log line so far as one text. */
  readonly logged: () => string;
  readonly close: () => Promise<void>;
}

/** A server on a free port that lets `goodKey` and `otherKey` in, unless told otherwise. */
export async function startHarness(
  options: Partial<RtmpServerOptions> & { readonly decide?: Authorise } = {},
): Promise<Harness> {
  const sessions: Session[] = [];
  const events: RtmpEvent[] = [];
  const lines: string[] = [];
  const log: Logger = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const authorise: Authorise = async (request, publisher, signal) => {
    const sink = new RecordingSink();
    sessions.push({ request, publisher, signal, sink });
    if (options.decide !== undefined) return options.decide(request, publisher, signal);
    await Promise.resolve();
    return request.publishingName === goodKey || request.publishingName === otherKey
      ? { accepted: true, sink }
      : { accepted: false, code: 'NetStream.Publish.Unauthorized', description: 'Unknown stream key.' };
  };
  const server = await startRtmpServer({
    host: '127.0.0.1',
    port: 0,
    authorise,
    clock: { now: () => performance.now() },
    log,
    onEvent: (event) => void events.push(event),
    ...options,
    limits: { sweepIntervalMs: 20, lingerMs: 200, ...options.limits },
  });
  return {
    server,
    port: server.port,
    sessions,
    events,
    logged: () => lines.join(''),
    close: () => server.close(),
  };
}

/** A self-signed certificate for 127.0.0.1, made by openssl. */
export function makeCertificate(): { readonly cert: string; readonly key: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tidecast-cert-'));
  const key = join(folder, 'key.pem');
  const cert = join(folder, 'cert.pem');
  try {
    execFileSync(
      'openssl',
      // prettier-ignore
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
        '-subj', '/CN=127.0.0.1', '-keyout', key, '-out', cert],
      { stdio: 'ignore' },
    );
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
