import type { Socket } from 'node:net';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import type { MediaMessage, SessionEnd } from '../../../core/media/flow.ts';
import type { RtmpLimits } from './limits.ts';

/** The contract between the RTMP server and the rest of the ingest task. */

/** What an encoder asks for with `publish`. */
export interface PublishRequest {
  readonly app: string;
  /** Holds the stream key: never log it. */
  readonly publishingName: string;
  readonly remoteAddress: string;
  /** `flashVer` of the connect command, printable characters only. OBS and ffmpeg both pose as "FMLE/3.0". */
  readonly encoder: string | undefined;
}

/** Control over the connection, given to `authorise`. Every method is harmless once the socket is gone. */
export interface Publisher {
  /** Stop reading the socket (back-pressure). The messages of the read under way, 64 KiB at most, still come. */
  pause(): void;
  resume(): void;
  /** Says an onStatus error, then FIN, then destroys the socket. Also after Publish.Start. */
  refuse(code: string, description: string): void;
  /** The broadcast drops this connection. `sink.ended(reason)` is still called, once. */
  close(reason: SessionEnd): void;
  /** Round trip measured by ping, until the first pong by the handshake; undefined while neither is known. */
  readonly roundTripMs: number | undefined;
}

/**
 * Codes of an onStatus error. Seen with OBS 29: each of them, before Publish.Start, gives the same dialog
 * ("double-check your stream key") and no retry; the description is in its log with BadName only. While it is
 * reconnecting it goes on trying. ffmpeg prints the description of all of them.
 */
export type StatusCode =
  | 'NetStream.Publish.BadName'
  | 'NetStream.Publish.Unauthorized'
  | 'NetStream.Publish.Denied'
  | 'NetStream.Publish.Failed';

export type PublishDecision =
  | { readonly accepted: true; readonly sink: PublishSink }
  | {
      readonly accepted: false;
      readonly code: StatusCode;
      readonly description: string;
      /** For metrics; `unauthorised` when absent. */
      readonly reason?: RefusalReason;
      /** Another server of the fleet would take it: a client that can be sent there is asked to go. */
      readonly elsewhere?: boolean;
    };

/** Where an accepted encoder's messages go. Calls come in the order of the connection, never after `ended`. */
export interface PublishSink {
  message(message: MediaMessage): void;
  /** Exactly once, also when the socket went while the decision was on its way. */
  ended(reason: SessionEnd): void;
}

/** Decides on a publish. The signal is aborted when the socket goes or the decision takes too long. */
export type Authorise = (
  request: PublishRequest,
  publisher: Publisher,
  signal: AbortSignal,
) => Promise<PublishDecision>;

/** Why a connection was turned away before it published, as a label for metrics. */
export type RefusalReason =
  /** Evicted or turned away by the limits on connections. */
  | 'too-many-connections'
  /** Not published in time. */
  | 'too-slow'
  /** `authorise` said no. */
  | 'unauthorised'
  /** The task takes no new broadcasts any more. */
  | 'draining'
  /** The task has no room for another broadcast. */
  | 'full'
  /** `authorise` failed or took too long. */
  | 'failed'
  | 'violation'
  /** The peer went away by itself before it published: port scans, health checks. */
  | 'gone'
  | 'shutdown';

export type RtmpEvent =
  | { readonly kind: 'opened' }
  /** The end of a connection that never published. */
  | { readonly kind: 'refused'; readonly reason: RefusalReason }
  | { readonly kind: 'published' }
  /** The end of a connection that had published. */
  | { readonly kind: 'closed'; readonly reason: SessionEnd }
  | { readonly kind: 'received'; readonly bytes: number };

/** One who is connected, as the server's limits and its end see them. */
export interface Guest {
  /** Looks at its deadlines. */
  tick(now: number): void;
  /** Makes room for others: at once, without a word. */
  evict(): void;
  /** The server ends. */
  close(): void;
}

/** A connection from which nothing has been read yet. */
export interface Newcomer {
  /** Plain, or with its TLS ended here. */
  readonly socket: Socket;
  readonly remoteAddress: string;
  /** It was not passed on after all: the server goes on as if nobody had asked. */
  readonly onStay: () => void;
  /** It is not one of a flood: from here on it does not have to make room for others. */
  readonly onSettled: () => void;
  readonly onClosed: () => void;
}

/** Leads newcomers to another server (docs/decisions/0008). */
export interface PassOn {
  /** @param arriving connections that may become broadcasts here and have not asked to publish yet */
  wants(arriving: number): boolean;
  /** Whether a connection that another task passes on is taken: only while there is room for one more. */
  takes(arriving: number): boolean;
  /** It counts from this moment on. None of the calls back comes before this has returned. */
  begin(newcomer: Newcomer): Guest;
}

export interface Clock {
  now(): number;
}

export interface RtmpServerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: RtmpsOptions;
  readonly authorise: Authorise;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: Partial<RtmpLimits>;
  readonly onEvent?: (event: RtmpEvent) => void;
  /** Where clients are sent that this server can't take (`elsewhere`); without it they are refused. */
  readonly frontUrl?: string;
  /** Connections to the public ports may be passed on. */
  readonly passOn?: PassOn;
  /** A port for other servers, which pass on to this one. Nothing from there is passed on again. */
  readonly relay?: { readonly host: string; readonly port: number };
}

/** RTMPS on a port of its own. Certificate (chain) and key as PEM. */
export interface RtmpsOptions {
  readonly port: number;
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

export interface RtmpServer {
  readonly port: number;
  readonly tlsPort: number | undefined;
  readonly relayPort: number | undefined;
  /** Open sockets, published or not. */
  readonly connections: number;
  /** No new connections; those that are there go on. */
  stopListening(): Promise<void>;
  /** Ends every connection with 'shutdown'; resolves when all sockets are gone. */
  close(): Promise<void>;
}
