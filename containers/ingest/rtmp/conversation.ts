import type { MediaMessage } from '../../../core/media/flow.ts';
import { ChunkReader, type ReaderLimits } from './chunk-reader.ts';
import { codecOf, unsupportedText } from './codecs.ts';
import {
  type Command,
  connectResult,
  type ConnectParameters,
  errorResult,
  onFCPublish,
  onFCUnpublish,
  onStatus,
  readCommand,
  readConnect,
  readPublish,
  reconnectRequest,
  result,
  serverChunkSize,
} from './commands.ts';
import {
  acknowledgement,
  pingRequest,
  pingResponse,
  readControl,
  setChunkSize,
  setPeerBandwidth,
  streamBegin,
  windowAcknowledgementSize,
} from './control.ts';
import { dataPayload } from './data-message.ts';
import { Handshake } from './handshake.ts';
import type { RtmpLimits } from './limits.ts';
import { isMedia, messageType, type RtmpMessage } from './message.ts';
import { ProtocolError } from './protocol-error.ts';
import type { PublishRequest } from './types.ts';

/** What the conversation needs from the connection that it is held on. */
export interface Counterpart {
  write(bytes: Buffer): void;
  /** Publish was asked for: answer with `acceptPublish` or `status`, later. */
  publish(request: Omit<PublishRequest, 'remoteAddress'>): void;
  /** Only after acceptPublish, only codecs that are supported. */
  media(message: MediaMessage): void;
  /** The encoder said that it is done. */
  finished(): void;
  refuse(code: string, description: string): void;
  pong(value: number): void;
}

/** Both directions; also what we acknowledge by until the peer names its own window. As other servers have it. */
const windowBytes = 2_500_000;

const playCommands = new Set(['play', 'play2', 'seek', 'pause', 'receiveAudio', 'receiveVideo']);

type State = 'connecting' | 'connected' | 'authorising' | 'publishing' | 'over';

/**
 * The server's side of an RTMP connection as a state machine without socket or time: bytes in, bytes out.
 * All state is of this one connection, so media can only ever reach the broadcast that this connection
 * was let into. Throws ProtocolError, after which it must not be used any more.
 */
export class Conversation {
  readonly #counterpart: Counterpart;
  readonly #limits: RtmpLimits;
  readonly #handshake: Handshake;
  readonly #reader: ChunkReader;
  readonly #reconnects: boolean;
  #state: State = 'connecting';
  #connect: ConnectParameters = { app: '', encoder: undefined, canReconnect: false };
  #streams = 0;
  /** Message stream of the publish. */
  #streamId = 0;
  #received = 0;
  #acknowledged = 0;
  #window = windowBytes;

  constructor(
    limits: RtmpLimits,
    filler: Uint8Array,
    counterpart: Counterpart,
    /** The server may ask clients to connect elsewhere. */
    reconnects = false,
  ) {
    this.#reconnects = reconnects;
    this.#limits = limits;
    this.#counterpart = counterpart;
    this.#handshake = new Handshake(filler, (bytes) => counterpart.write(bytes));
    this.#reader = new ChunkReader(strangerLimits(limits), (message) => this.#message(message));
  }

  get handshaken(): boolean {
    return this.#handshake.done;
  }

  /** Both sides have declared the Reconnect Request. */
  get canReconnect(): boolean {
    return this.#reconnects && this.#connect.canReconnect;
  }

  get receivedBytes(): number {
    return this.#received;
  }

  get mediaBytes(): number {
    return this.#reader.mediaBytes;
  }

  push(bytes: Buffer): void {
    this.#received += bytes.length;
    if (this.#state !== 'publishing' && this.#received > this.#limits.bytesBeforePublish) {
      throw new ProtocolError(`more than ${this.#limits.bytesBeforePublish} bytes before publish`);
    }
    const taken = this.#handshake.done ? 0 : this.#handshake.push(bytes);
    if (taken < bytes.length) this.#reader.push(taken === 0 ? bytes : bytes.subarray(taken));
    if (this.#received - this.#acknowledged >= this.#window && this.#state !== 'over') {
      this.#acknowledged = this.#received;
      this.#say(acknowledgement(this.#received));
    }
  }

  /** The encoder may send its media from here on. */
  acceptPublish(): void {
    this.#state = 'publishing';
    this.#reader.limits = publisherLimits(this.#limits);
    this.#say(streamBegin(this.#streamId));
    this.status('status', 'NetStream.Publish.Start', 'Publishing.');
  }

  status(level: 'status' | 'error', code: string, description: string): void {
    this.#say(onStatus(this.#streamId, level, code, description));
  }

  askToReconnect(url: string | undefined, description: string): void {
    this.#say(reconnectRequest(url, description));
  }

  ping(value: number): void {
    this.#say(pingRequest(value));
  }

  /** Whatever still comes is not listened to. */
  end(): void {
    this.#state = 'over';
  }

  #say(bytes: Buffer): void {
    this.#counterpart.write(bytes);
  }

  #message(message: RtmpMessage): void {
    if (this.#state === 'over') return;
    if (isMedia(message.type)) this.#media(message);
    else if (message.type === messageType.commandAmf0 || message.type === messageType.commandAmf3) {
      this.#command(readCommand(message));
    } else if (message.type >= messageType.setChunkSize && message.type <= messageType.setPeerBandwidth) {
      this.#control(message);
    } else {
      throw new ProtocolError(`message of type ${message.type}, which is not part of publishing`);
    }
  }

  #media(message: RtmpMessage): void {
    if (this.#state !== 'publishing') throw new ProtocolError('media before an accepted publish');
    const { timestampMs, payload } = message;
    const media: MediaMessage =
      message.type === messageType.audio
        ? { kind: 'audio', timestampMs, payload }
        : message.type === messageType.video
          ? { kind: 'video', timestampMs, payload }
          : { kind: 'data', timestampMs, payload: dataPayload(message) };
    if (media.payload.length === 0) return;
    const codec = codecOf(media);
    if (codec === undefined || codec.supported) this.#counterpart.media(media);
    else this.#counterpart.refuse('NetStream.Publish.Denied', unsupportedText(codec));
  }

  #control(message: RtmpMessage): void {
    const control = readControl(message);
    switch (control.kind) {
      case 'chunk-size':
        this.#reader.chunkSize = control.bytes;
        return;
      case 'abort':
        this.#reader.abort(control.chunkStreamId);
        return;
      case 'window':
        this.#window = control.bytes;
        return;
      case 'ping':
        this.#say(pingResponse(control.value));
        return;
      case 'pong':
        this.#counterpart.pong(control.value);
        return;
      case 'nothing':
        return;
    }
  }

  #command(command: Command): void {
    if (command.name === 'connect') {
      this.#connected(command);
      return;
    }
    if (this.#state === 'connecting') throw new ProtocolError('a command before connect');
    switch (command.name) {
      case 'releaseStream':
        this.#say(result(command.transaction, null, undefined));
        return;
      case 'FCPublish':
        // Some encoders wait for the result, FMLE's descendants for onFCPublish.
        this.#say(result(command.transaction, null, undefined));
        this.#say(onFCPublish());
        return;
      case 'createStream':
        this.#streams += 1;
        this.#say(result(command.transaction, null, this.#streams));
        return;
      case 'publish':
        this.#publish(command);
        return;
      case 'FCUnpublish':
        this.#say(onFCUnpublish());
        this.#unpublish();
        return;
      case 'deleteStream':
        // Names the stream; some encoders leave it out. Deleting one that they made and did not use is no end.
        if (command.args[1] === undefined || command.args[1] === this.#streamId) this.#unpublish();
        return;
      case 'closeStream':
        this.#unpublish();
        return;
      case '_result':
      case '_error':
      case 'onStatus':
        return;
      default:
        this.#unknown(command);
    }
  }

  #connected(command: Command): void {
    if (this.#state !== 'connecting') throw new ProtocolError('connect twice');
    this.#connect = readConnect(command);
    this.#state = 'connected';
    this.#say(windowAcknowledgementSize(windowBytes));
    this.#say(setPeerBandwidth(windowBytes));
    this.#say(setChunkSize(serverChunkSize));
    this.#say(connectResult(command.transaction, this.canReconnect));
  }

  #publish(command: Command): void {
    if (this.#state !== 'connected') {
      this.#counterpart.refuse('NetStream.Publish.Denied', 'This connection publishes already.');
      return;
    }
    const { name, live } = readPublish(command);
    this.#streamId = command.streamId;
    if (!live) {
      this.#counterpart.refuse('NetStream.Publish.Denied', 'Only live publishing is possible.');
      return;
    }
    this.#state = 'authorising';
    const { app, encoder } = this.#connect;
    this.#counterpart.publish({ app, encoder, publishingName: name });
  }

  #unpublish(): void {
    // Before publish it means "whatever may be left of an earlier try": nothing is.
    if (this.#state !== 'authorising' && this.#state !== 'publishing') return;
    this.status('status', 'NetStream.Unpublish.Success', 'Unpublished.');
    this.#counterpart.finished();
  }

  #unknown(command: Command): void {
    if (playCommands.has(command.name)) {
      this.#streamId = command.streamId;
      this.#counterpart.refuse('NetStream.Publish.Denied', 'This server takes broadcasts and plays nothing.');
    } else if (command.transaction !== 0) {
      this.#say(errorResult(command.transaction, 'NetConnection.Call.Failed', 'Unknown command.'));
    }
  }
}

/** For a peer that has not been let in yet. */
const strangerLimits = (limits: RtmpLimits): ReaderLimits => ({
  chunkStreams: limits.chunkStreamsBeforePublish,
  bufferedBytes: limits.bufferedBytesBeforePublish,
  messageBytes: () => limits.messageBytesBeforePublish,
});

const publisherLimits = (limits: RtmpLimits): ReaderLimits => ({
  chunkStreams: limits.chunkStreams,
  bufferedBytes: limits.bufferedBytes,
  messageBytes: (type) =>
    type === messageType.audio || type === messageType.video ? limits.messageBytes : limits.commandBytes,
});
