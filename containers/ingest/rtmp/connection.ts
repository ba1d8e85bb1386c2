import type { Socket } from 'node:net';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import type { MediaMessage, SessionEnd } from '../../../core/media/flow.ts';
import { Conversation, type Counterpart } from './conversation.ts';
import type { RtmpLimits } from './limits.ts';
import { ProtocolError } from './protocol-error.ts';
import type {
  Authorise,
  Clock,
  Guest,
  PublishDecision,
  Publisher,
  PublishRequest,
  PublishSink,
  RefusalReason,
  RtmpEvent,
} from './types.ts';

export interface ConnectionOptions {
  /** Plain or TLS. */
  readonly socket: Socket;
  readonly id: number;
  readonly remoteAddress: string;
  readonly secure: boolean;
  /** By way of another server; then nobody here knows whether the client speaks TLS. */
  readonly relayed: boolean;
  readonly limits: RtmpLimits;
  readonly filler: Uint8Array;
  readonly clock: Clock;
  readonly log: Logger;
  readonly authorise: Authorise;
  readonly frontUrl: string | undefined;
  readonly onEvent: (event: RtmpEvent) => void;
  /** It publishes from now on. */
  readonly onPublished: (connection: Connection) => void;
  readonly onClosed: (connection: Connection) => void;
}

type Refusal = Extract<PublishDecision, { readonly accepted: false }>;

/** What an encoder is told where the reason is ours. */
const endStatus: Readonly<Record<SessionEnd, readonly [code: string, description: string]>> = {
  finished: ['NetStream.Unpublish.Success', 'Unpublished.'],
  dropped: ['NetStream.Publish.Failed', 'The broadcast was interrupted by a fault of the server.'],
  idle: ['NetStream.Publish.Idle', 'No picture and no sound came for too long.'],
  violation: ['NetStream.Publish.Denied', 'This stream cannot be taken.'],
  'taken-over': ['NetStream.Publish.BadName', 'Another encoder has connected with the same stream key.'],
  shutdown: ['NetStream.Publish.Failed', 'This server is shutting down: connect again.'],
};

/**
 * A socket, the conversation on it, and its deadlines. Nothing that the peer sends or the sink does leaves
 * this class as an exception. After `#end` nothing is read any more; the socket lingers for the encoder to
 * read the status, and is then destroyed.
 */
export class Connection implements Publisher, Guest {
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #conversation: Conversation;
  readonly #gone = new AbortController();
  readonly #openedAt: number;
  #sink: PublishSink | undefined;
  /** Set once: why it is over. */
  #ended: SessionEnd | undefined;
  #lingerUntil = Infinity;
  #destroyed = false;
  #authorisingSince: number | undefined;
  /** It was asked to connect elsewhere, and is refused when it has not gone by then. */
  #leaving: { readonly refusal: Refusal; readonly until: number } | undefined;
  #paused = false;
  #mediaBytes = 0;
  #mediaAt = 0;
  #pingedAt = 0;
  #helloAt: number | undefined;
  #roundTripMs: number | undefined;
  #reportedBytes = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.#openedAt = options.clock.now();
    const counterpart: Counterpart = {
      write: (bytes) => this.#write(bytes),
      publish: (request) => {
        this.#decide(request).catch((error: unknown) => this.#caught(error));
      },
      media: (message) => this.#media(message),
      finished: () => this.#end('finished', 'gone'),
      refuse: (code, description) => this.#refuse(code, description, 'violation'),
      pong: (value) => this.#pong(value),
    };
    const reconnects = options.frontUrl !== undefined;
    this.#conversation = new Conversation(options.limits, options.filler, counterpart, reconnects);
    this.#socket.on('data', (bytes: Buffer) => this.#data(bytes));
    this.#socket.on('end', () => this.#end('dropped', 'gone'));
    this.#socket.on('error', (error: Error & { readonly code?: string }) => {
      this.#options.log.debug({ ...this.#names, error: error.code ?? error.message }, 'socket error');
      this.destroy('dropped', 'gone');
    });
    this.#socket.on('close', () => this.destroy('dropped', 'gone'));
    options.onEvent({ kind: 'opened' });
  }

  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  pause(): void {
    if (this.#ended !== undefined) return;
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (this.#ended !== undefined) return;
    this.#paused = false;
    this.#mediaAt = this.#options.clock.now();
    this.#socket.resume();
  }

  refuse(code: string, description: string): void {
    this.#refuse(code, description, 'unauthorised');
  }

  close(reason: SessionEnd = 'shutdown'): void {
    if (this.#ended !== undefined) return;
    const [code, description] = endStatus[reason];
    this.#say(reason === 'finished' ? 'status' : 'error', code, description);
    this.#end(reason, reason === 'shutdown' ? 'shutdown' : 'failed');
  }

  /** It may become a broadcast, and has not been decided on. */
  get isArriving(): boolean {
    return this.#ended === undefined && this.#sink === undefined && this.#leaving === undefined;
  }

  evict(): void {
    this.destroy('dropped', 'too-many-connections');
  }

  /** Looks at the deadlines; called every sweep interval. */
  tick(now: number): void {
    this.#report();
    const { limits } = this.#options;
    if (this.#ended !== undefined) {
      if (now >= this.#lingerUntil) this.destroy(this.#ended, 'gone');
    } else if (this.#sink !== undefined) this.#tickPublished(now);
    else if (this.#leaving !== undefined) {
      if (now >= this.#leaving.until) this.#turnAway(this.#leaving.refusal);
    } else if (this.#authorisingSince !== undefined) {
      if (now - this.#authorisingSince >= limits.authoriseDeadlineMs)
        this.#failed('authorisation took too long');
    } else if (now - this.#openedAt >= limits.publishDeadlineMs) this.destroy('idle', 'too-slow');
  }

  /** At once, without a word. */
  destroy(reason: SessionEnd, refusal: RefusalReason): void {
    this.#end(reason, refusal);
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#report();
    this.#socket.destroy();
    this.#options.onClosed(this);
  }

  get #names(): object {
    const { id, remoteAddress, secure, relayed } = this.#options;
    return { connection: id, remoteAddress, ...(relayed ? { relayed } : { secure }) };
  }

  #tickPublished(now: number): void {
    const { mediaBytes } = this.#conversation;
    if (this.#paused || mediaBytes !== this.#mediaBytes) {
      this.#mediaBytes = mediaBytes;
      this.#mediaAt = now;
    } else if (now - this.#mediaAt >= this.#options.limits.idleMs) {
      this.close('idle');
      return;
    }
    if (now - this.#pingedAt >= this.#options.limits.pingIntervalMs) {
      this.#pingedAt = now;
      // The value comes back with the pong: 32 bits of our clock.
      this.#conversation.ping(Math.floor(now) >>> 0);
    }
  }

  #data(bytes: Buffer): void {
    if (this.#ended !== undefined) return;
    try {
      const handshaken = this.#conversation.handshaken;
      const saidHello = this.#helloAt;
      this.#conversation.push(bytes);
      // C2 answers S1: the first round trip, and with OBS, which reads no pings while it publishes, the only one.
      if (!handshaken && this.#conversation.handshaken && saidHello !== undefined) {
        this.#roundTripMs = this.#options.clock.now() - saidHello;
      }
    } catch (error) {
      this.#caught(error);
    }
  }

  #media(message: MediaMessage): void {
    this.#sink?.message(message);
  }

  #pong(value: number): void {
    const elapsed = (Math.floor(this.#options.clock.now()) - value) >>> 0;
    // A made-up pong must not make a made-up round trip.
    if (elapsed <= this.#options.limits.idleMs) this.#roundTripMs = elapsed;
  }

  async #decide(request: Omit<PublishRequest, 'remoteAddress'>): Promise<void> {
    const { authorise, clock, log, remoteAddress } = this.#options;
    this.#authorisingSince = clock.now();
    let decision: PublishDecision;
    try {
      decision = await authorise({ ...request, remoteAddress }, this, this.#gone.signal);
    } catch (error) {
      if (this.#ended !== undefined) return;
      log.error({ ...this.#names, err: error }, 'authorise failed');
      this.#failed('authorise failed');
      return;
    }
    if (!decision.accepted) {
      if (decision.elsewhere === true && this.#conversation.canReconnect) this.#sendElsewhere(decision);
      else this.#turnAway(decision);
    } else if (this.#ended === undefined) this.#accept(decision.sink, request.encoder);
    // The socket went meanwhile: the sink is owed its one `ended`.
    else this.#tellSink(decision.sink, this.#ended);
  }

  #accept(sink: PublishSink, encoder: string | undefined): void {
    const { clock, log, onEvent, onPublished } = this.#options;
    this.#sink = sink;
    this.#mediaAt = clock.now();
    log.info({ ...this.#names, encoder }, 'encoder publishes');
    onPublished(this);
    onEvent({ kind: 'published' });
    this.#conversation.acceptPublish();
  }

  #turnAway({ code, description, reason = 'unauthorised' }: Refusal): void {
    this.#refuse(code, description, reason);
  }

  /**
   * Only newcomers are sent elsewhere, by the Reconnect Request of Enhanced RTMP v2: an encoder that is on the
   * air stays where it is until its show ends, whatever becomes of its server.
   */
  #sendElsewhere(refusal: Refusal): void {
    if (this.#ended !== undefined) return;
    const { clock, frontUrl, limits, log, secure, relayed } = this.#options;
    // A key that came encrypted must not be sent in the clear: such a client comes back by the URL that it has.
    const url = (secure || relayed) && frontUrl?.startsWith('rtmps:') !== true ? undefined : frontUrl;
    log.info({ ...this.#names, reason: refusal.reason }, 'encoder asked to connect elsewhere');
    this.#leaving = { refusal, until: clock.now() + limits.reconnectMs };
    this.#conversation.askToReconnect(url, refusal.description);
  }

  #failed(why: string): void {
    this.#options.log.warn({ ...this.#names, why }, 'publish could not be decided');
    const description = 'The stream key could not be checked just now: try again.';
    this.#refuse('NetStream.Publish.Failed', description, 'failed');
  }

  #refuse(code: string, description: string, refusal: RefusalReason): void {
    if (this.#ended !== undefined) return;
    this.#options.log.info({ ...this.#names, code, description }, 'encoder refused');
    this.#say('error', code, description);
    this.#end('violation', refusal);
  }

  #violate(why: string): void {
    this.#options.log.warn({ ...this.#names, why }, 'protocol violation');
    this.destroy('violation', 'violation');
  }

  #caught(error: unknown): void {
    // It is being shown out already: what it sent behind the reason may be anything.
    if (this.#ended !== undefined) return;
    if (error instanceof ProtocolError) {
      this.#violate(error.message);
      return;
    }
    // A fault of ours: the encoder may connect again and go on.
    this.#options.log.error({ ...this.#names, err: error }, 'fault while handling an RTMP message');
    this.close('dropped');
  }

  #say(level: 'status' | 'error', code: string, description: string): void {
    if (this.#conversation.handshaken) this.#conversation.status(level, code, description);
  }

  #write(bytes: Buffer): void {
    if (this.#ended !== undefined || this.#socket.destroyed) return;
    this.#helloAt ??= this.#options.clock.now();
    if (this.#socket.writableLength + bytes.length > this.#options.limits.unsentBytes) {
      this.#violate('does not read what the server says');
    } else this.#socket.write(bytes);
  }

  /** The one way to be over: once, whatever comes together. Sends FIN and starts the linger time. */
  #end(reason: SessionEnd, refusal: RefusalReason): void {
    if (this.#ended !== undefined) return;
    const { clock, limits, log, onEvent } = this.#options;
    this.#ended = reason;
    this.#conversation.end();
    this.#lingerUntil = clock.now() + limits.lingerMs;
    this.#gone.abort();
    this.#socket.end();
    // What still comes is thrown away in #data; without reading, the peer's FIN would not be seen.
    this.#socket.resume();
    if (this.#sink === undefined) {
      log.debug({ ...this.#names, refusal }, 'connection ended before it published');
      onEvent({ kind: 'refused', reason: this.#leaving?.refusal.reason ?? refusal });
      return;
    }
    log.info({ ...this.#names, reason, receivedBytes: this.#conversation.receivedBytes }, 'encoder ended');
    onEvent({ kind: 'closed', reason });
    this.#tellSink(this.#sink, reason);
  }

  #tellSink(sink: PublishSink, reason: SessionEnd): void {
    try {
      sink.ended(reason);
    } catch (error) {
      this.#options.log.error({ ...this.#names, err: error }, 'fault at the end of a session');
    }
  }

  #report(): void {
    const bytes = this.#conversation.receivedBytes - this.#reportedBytes;
    if (bytes === 0) return;
    this.#reportedBytes += bytes;
    this.#options.onEvent({ kind: 'received', bytes });
  }
}
