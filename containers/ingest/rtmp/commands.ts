import { Amf0Error, type Amf0Value, decodeAmf0, encodeAmf0 } from '../../../core/media/flv/amf0.ts';
import { commandChunkStream, encodeChunks } from './chunk-writer.ts';
import { messageType, type RtmpMessage } from './message.ts';
import { ProtocolError } from './protocol-error.ts';

/** A command message: name, transaction, command object, arguments (RTMP 1.0 section 7.2). */
export interface Command {
  readonly name: string;
  readonly transaction: number;
  /** The command object first. */
  readonly args: readonly Amf0Value[];
  readonly streamId: number;
}

/** Our Set Chunk Size. ffmpeg takes the server's chunk size for its own direction, where 128 would cost it and us dearly. */
export const serverChunkSize = 64 * 1024;

export function readCommand(message: RtmpMessage): Command {
  // Type 17 is AMF3 in name only: a zero byte, then AMF0.
  const amf3 = message.type === messageType.commandAmf3;
  const [name, transaction, ...args] = decode(amf3 ? message.payload.subarray(1) : message.payload);
  if (typeof name !== 'string') throw new ProtocolError('command without a name');
  return {
    name,
    transaction: typeof transaction === 'number' ? transaction : 0,
    args,
    streamId: message.streamId,
  };
}

function decode(payload: Uint8Array): readonly Amf0Value[] {
  try {
    return decodeAmf0(payload);
  } catch (error) {
    throw error instanceof Amf0Error ? new ProtocolError(error.message, { cause: error }) : error;
  }
}

export interface ConnectParameters {
  readonly app: string;
  readonly encoder: string | undefined;
  /** It declares that it can be sent elsewhere (Enhanced RTMP v2, Reconnect Request). */
  readonly canReconnect: boolean;
}

/** Bit of `capsEx` in connect and its result (Enhanced RTMP v2, Enhancing NetConnection connect Command). */
const reconnectCapability = 0x01;

/** Free text from the network, fit for logs and screens. */
const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '').slice(0, 128);

/**
 * Of connect only the app and the encoder's name matter. tcUrl is looked at where app is missing, and never
 * parsed as a URL: encoders put quotes around it, write `tcurl`, or send what is no URL at all.
 */
export function readConnect(command: Command): ConnectParameters {
  const [object] = command.args;
  const properties: ReadonlyMap<string, Amf0Value> = object instanceof Map ? object : new Map();
  const text = (name: string): string | undefined => {
    const value = properties.get(name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const url = text('tcUrl') ?? text('tcurl') ?? '';
  const app = text('app') ?? /^"?\w+:\/\/[^/]*\/([^"]*)/.exec(url)?.[1] ?? '';
  const encoder = text('flashVer') ?? text('flashver');
  const capsEx = properties.get('capsEx');
  return {
    app: app.replace(/\?.*$/s, '').replace(/\/+$/, ''),
    encoder: encoder === undefined ? undefined : printable(encoder),
    canReconnect: typeof capsEx === 'number' && (capsEx & reconnectCapability) !== 0,
  };
}

/** The arguments of publish after the command object. Type is absent in some hardware encoders and means live. */
export function readPublish(command: Command): { readonly name: string; readonly live: boolean } {
  const [, name, type] = command.args;
  if (typeof name !== 'string') throw new ProtocolError('publish without a name');
  return { name, live: type === undefined || type === null || type === '' || type === 'live' };
}

export const result = (transaction: number, ...values: readonly Amf0Value[]): Buffer =>
  command(0, '_result', transaction, ...values);

export const errorResult = (transaction: number, code: string, description: string): Buffer =>
  command(0, '_error', transaction, null, info('error', code, description));

/**
 * objectEncoding 0 says AMF0, whatever was asked for. No fourCcList: of enhanced RTMP nothing is spoken here but
 * the request to reconnect, which is declared to who declared it.
 */
export const connectResult = (transaction: number, reconnects: boolean): Buffer =>
  result(
    transaction,
    new Map<string, Amf0Value>([
      ['fmsVer', 'FMS/3,5,7,7009'],
      ['capabilities', 31],
      ['mode', 1],
      ...(reconnects ? ([['capsEx', reconnectCapability]] as const) : []),
    ]),
    new Map<string, Amf0Value>([
      ...info('status', 'NetConnection.Connect.Success', 'Connected.'),
      ['objectEncoding', 0],
    ]),
  );

/** The name that was asked for is not repeated: it holds the stream key. */
export const onFCPublish = (): Buffer =>
  command(0, 'onFCPublish', 0, null, info('status', 'NetStream.Publish.Start', 'FCPublish'));

export const onFCUnpublish = (): Buffer =>
  command(0, 'onFCUnpublish', 0, null, info('status', 'NetStream.Unpublish.Success', 'FCUnpublish'));

export const onStatus = (
  streamId: number,
  level: 'status' | 'error',
  code: string,
  description: string,
): Buffer => command(streamId, 'onStatus', 0, null, info(level, code, description));

/** Of the connection, not of a stream. Without a URL the client comes back to the one that it has. */
export const reconnectRequest = (url: string | undefined, description: string): Buffer =>
  command(
    0,
    'onStatus',
    0,
    null,
    new Map([
      ...(url === undefined ? [] : ([['tcUrl', url]] as const)),
      ...info('status', 'NetConnection.Connect.ReconnectRequest', description),
    ]),
  );

const info = (level: string, code: string, description: string): ReadonlyMap<string, Amf0Value> =>
  new Map([
    ['level', level],
    ['code', code],
    ['description', description],
  ]);

const command = (streamId: number, ...values: readonly Amf0Value[]): Buffer =>
  encodeChunks(
    { type: messageType.commandAmf0, streamId, timestampMs: 0, payload: encodeAmf0(values) },
    commandChunkStream,
    serverChunkSize,
  );
