import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Amf0Value, decodeAmf0, encodeAmf0 } from '../../../../core/media/flv/amf0.ts';
import { ChunkReader } from '../../../../containers/ingest/rtmp/chunk-reader.ts';
import { encodeChunks } from '../../../../containers/ingest/rtmp/chunk-writer.ts';
import { readControl, setChunkSize } from '../../../../containers/ingest/rtmp/control.ts';
import { messageType, type RtmpMessage } from '../../../../containers/ingest/rtmp/message.ts';

/** An encoder for tests that can also misbehave. Commands resolve with the server's next answer of that name. */
export class TestClient {
  readonly socket: Socket;
  readonly received: RtmpMessage[] = [];
  /** The server said FIN or the socket failed. */
  readonly closed: Promise<void>;
  #transaction = 0;
  #chunkSize = 128;
  readonly #waiting: (() => void)[] = [];
  #handshakeLeft = 1 + 2 * 1536;
  readonly #reader = new ChunkReader(
    { chunkStreams: 64, bufferedBytes: 1 << 20, messageBytes: () => 1 << 20 },
    (message) => {
      if (message.type === messageType.setChunkSize) {
        const control = readControl(message);
        if (control.kind === 'chunk-size') this.#reader.chunkSize = control.bytes;
      }
      this.received.push(message);
    },
  );

  constructor(socket: Socket) {
    this.socket = socket;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    socket.on('error', () => {});
    socket.on('close', () => {
      resolve();
      this.#wake();
    });
    socket.on('end', resolve);
    socket.on('data', (bytes: Buffer) => {
      const skip = Math.min(this.#handshakeLeft, bytes.length);
      this.#handshakeLeft -= skip;
      this.#reader.push(bytes.subarray(skip));
      this.#wake();
    });
  }

  static async connect(port: number, options: { readonly tls?: boolean } = {}): Promise<TestClient> {
    const socket = options.tls
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      : connectTcp({ port, host: '127.0.0.1' });
    await once(socket, options.tls ? 'secureConnect' : 'connect');
    return new TestClient(socket);
  }

  /** Connected, handshaken, and answered to connect. */
  static async ready(port: number, options: { readonly tls?: boolean } = {}): Promise<TestClient> {
    const client = await TestClient.connect(port, options);
    await client.handshake();
    await client.command('connect', connectObject());
    return client;
  }

  /** The whole way to Publish.Start or a refusal; answers the status code. */
  static async publishing(
    port: number,
    key: string,
    options: { readonly tls?: boolean } = {},
  ): Promise<{ readonly client: TestClient; readonly code: string }> {
    const client = await TestClient.ready(port, options);
    return { client, code: await client.publish(key) };
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  async handshake(): Promise<void> {
    this.write(handshakeBytes());
    await this.until(() => this.#handshakeLeft === 0);
  }

  /** @param streamId message stream */
  send(type: number, payload: Uint8Array, timestampMs = 0, streamId = 1): void {
    const chunkStream = type === messageType.audio ? 4 : type === messageType.video ? 6 : 3;
    this.write(encodeChunks({ type, streamId, timestampMs, payload }, chunkStream, this.#chunkSize));
  }

  useChunkSize(bytes: number): void {
    this.write(setChunkSize(bytes));
    this.#chunkSize = bytes;
  }

  /** Says a command without waiting; answers its transaction. */
  say(name: string, ...args: readonly Amf0Value[]): number {
    this.#transaction += 1;
    const payload = encodeAmf0([name, this.#transaction, ...args]);
    this.send(messageType.commandAmf0, payload, 0, name === 'publish' || name === 'play' ? 1 : 0);
    return this.#transaction;
  }

  /** Says a command and waits for its _result or _error. */
  async command(name: string, ...args: readonly Amf0Value[]): Promise<readonly Amf0Value[]> {
    const transaction = this.say(name, ...args);
    return this.answer(
      (values) => values[1] === transaction && (values[0] === '_result' || values[0] === '_error'),
    );
  }

  async publish(key: string, type: Amf0Value = 'live'): Promise<string> {
    await this.command('releaseStream', null, key);
    this.say('FCPublish', null, key);
    await this.command('createStream', null);
    this.say('publish', null, key, type);
    return this.status();
  }

  /** Code of the first onStatus that satisfies the predicate; 'closed' when the socket closed before. */
  async status(accept: (code: string) => boolean = () => true): Promise<string> {
    let found: string | undefined;
    await this.until(() => {
      found = this.statuses()
        .map(({ code }) => code)
        .find(accept);
      return found !== undefined || this.socket.destroyed;
    });
    return found ?? 'closed';
  }

  statuses(): { readonly code: string; readonly description: string }[] {
    return this.commands()
      .filter(([name]) => name === 'onStatus')
      .map(([, , , info]) => ({ code: text(info, 'code'), description: text(info, 'description') }));
  }

  async answer(accept: (values: readonly Amf0Value[]) => boolean): Promise<readonly Amf0Value[]> {
    let found: readonly Amf0Value[] | undefined;
    await this.until(() => {
      found = this.commands().find(accept);
      return found !== undefined || this.socket.destroyed;
    });
    return found ?? [];
  }

  commands(): Amf0Value[][] {
    return this.received
      .filter((message) => message.type === messageType.commandAmf0)
      .map((message) => decodeAmf0(message.payload));
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

export const text = (object: Amf0Value, name: string): string =>
  object instanceof Map ? String(object.get(name)) : '';

/** C0, C1 and C2 at once: few encoders do so, but all of it is known beforehand. */
export const handshakeBytes = (): Buffer =>
  Buffer.concat([Buffer.of(3), Buffer.alloc(1536), Buffer.alloc(1536)]);

export const connectObject = (): ReadonlyMap<string, Amf0Value> =>
  new Map<string, Amf0Value>([
    ['app', 'live'],
    ['type', 'nonprivate'],
    ['flashVer', 'FMLE/3.0 (compatible; Test)'],
    ['tcUrl', 'rtmp://127.0.0.1/live'],
  ]);

/** The start of an H.264 video message (key frame, NAL units) of any size, and of an AAC one. */
export function videoPayload(bytes = 64): Buffer {
  const payload = Buffer.alloc(bytes, 0x55);
  payload.set([0x17, 0x01, 0, 0, 0]);
  return payload;
}

export function audioPayload(bytes = 32): Buffer {
  const payload = Buffer.alloc(bytes, 0x66);
  payload.set([0xaf, 0x01]);
  return payload;
}
