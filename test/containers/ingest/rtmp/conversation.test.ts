import { describe, expect, it } from 'vitest';
import type { MediaMessage } from '../../../../core/media/flow.ts';
import { type Amf0Value, decodeAmf0, encodeAmf0 } from '../../../../core/media/flv/amf0.ts';
import { ChunkReader } from '../../../../containers/ingest/rtmp/chunk-reader.ts';
import { encodeChunks } from '../../../../containers/ingest/rtmp/chunk-writer.ts';
import {
  pingRequest,
  pingResponse,
  setChunkSize,
  windowAcknowledgementSize,
} from '../../../../containers/ingest/rtmp/control.ts';
import { Conversation } from '../../../../containers/ingest/rtmp/conversation.ts';
import { defaultLimits } from '../../../../containers/ingest/rtmp/limits.ts';
import type { RtmpMessage } from '../../../../containers/ingest/rtmp/message.ts';
import { audioPayload, connectObject, handshakeBytes, text, videoPayload } from './client.ts';

/** A conversation with nobody at the other end: what is said and what happens is kept. */
class Talk {
  readonly said: RtmpMessage[] = [];
  readonly requests: {
    readonly app: string;
    readonly publishingName: string;
    readonly encoder: string | undefined;
  }[] = [];
  readonly media: MediaMessage[] = [];
  readonly refusals: string[] = [];
  readonly pongs: number[] = [];
  finished = 0;
  #skip = 1 + 2 * 1_536;
  readonly #reader = new ChunkReader(
    { chunkStreams: 8, bufferedBytes: 1 << 20, messageBytes: () => 1 << 20 },
    (message) => {
      if (message.type === 1) this.#reader.chunkSize = Buffer.from(message.payload).readUInt32BE();
      this.said.push(message);
    },
  );
  readonly conversation = new Conversation(defaultLimits, Buffer.alloc(1_528), {
    write: (bytes) => {
      const skip = Math.min(this.#skip, bytes.length);
      this.#skip -= skip;
      this.#reader.push(bytes.subarray(skip));
    },
    publish: (request) => void this.requests.push(request),
    media: (message) => void this.media.push(message),
    finished: () => {
      this.finished += 1;
      this.conversation.end();
    },
    refuse: (code, description) => void this.refusals.push(`${code}: ${description}`),
    pong: (value) => void this.pongs.push(value),
  });

  static ready(connect: Amf0Value = connectObject()): Talk {
    const talk = new Talk();
    talk.conversation.push(handshakeBytes());
    talk.command('connect', connect);
    return talk;
  }

  static publishing(): Talk {
    const talk = Talk.ready();
    talk.command('publish', null, 'key', 'live');
    talk.conversation.acceptPublish();
    return talk;
  }

  command(name: string, ...args: readonly Amf0Value[]): void {
    this.message(20, encodeAmf0([name, 7, ...args]));
  }

  message(type: number, payload: Uint8Array, timestampMs = 0): void {
    this.conversation.push(encodeChunks({ type, streamId: 1, timestampMs, payload }, 3, 128));
  }

  commands(): Amf0Value[][] {
    return this.said.filter(({ type }) => type === 20).map(({ payload }) => decodeAmf0(payload));
  }

  names(): Amf0Value[] {
    return this.commands().map(([name]) => name);
  }

  codes(): string[] {
    return this.commands()
      .filter(([name]) => name === 'onStatus')
      .map(([, , , info]) => text(info, 'code'));
  }
}

describe('a conversation', () => {
  it('goes on after metadata of 100,000 bytes, which it leaves out', () => {
    const talk = Talk.publishing();
    talk.message(18, encodeAmf0(['@setDataFrame', 'onMetaData', 'x'.repeat(50_000), 'x'.repeat(50_000)]));
    talk.message(9, videoPayload(), 40);
    expect(talk.media.map(({ kind, timestampMs }) => [kind, timestampMs])).toStrictEqual([['video', 40]]);
  });

  it('answers connect with window, bandwidth, chunk size and success, in this order', () => {
    const talk = Talk.ready();
    expect(talk.said.map(({ type }) => type)).toStrictEqual([5, 6, 1, 20]);
    const [answer] = talk.commands();
    expect(answer?.slice(0, 2)).toStrictEqual(['_result', 7]);
    expect(text(answer?.[3], 'code')).toBe('NetConnection.Connect.Success');
    expect(answer?.[3] instanceof Map && answer[3].has('fourCcList')).toBe(false);
  });

  it('leads to a publish request, and to Publish.Start only when that is accepted', () => {
    const talk = Talk.ready();
    for (const name of ['releaseStream', 'FCPublish']) talk.command(name, null, 'the key');
    talk.command('createStream', null);
    talk.command('publish', null, 'the key', 'live');
    expect(talk.names()).toStrictEqual(['_result', '_result', '_result', 'onFCPublish', '_result']);
    expect(talk.commands().at(-1)).toStrictEqual(['_result', 7, null, 1]);
    expect(talk.requests).toStrictEqual([
      { app: 'live', publishingName: 'the key', encoder: 'FMLE/3.0 (compatible; Test)' },
    ]);
    talk.conversation.acceptPublish();
    expect(talk.codes()).toStrictEqual(['NetStream.Publish.Start']);
    expect(talk.said.at(-1)?.streamId).toBe(1);
  });

  it.each<[string, Amf0Value, string]>([
    [
      'an invalid tcUrl',
      new Map([
        ['app', 'live'],
        ['tcUrl', 'http://[::bad'],
      ]),
      'live',
    ],
    ['no app but a quoted tcUrl', new Map([['tcUrl', '"rtmp://host:1935/live"']]), 'live'],
    ['no app but tcurl in lower case', new Map([['tcurl', 'rtmp://host/live/x?y=z']]), 'live/x'],
    ['a slash and a query behind the app', new Map([['app', 'live/?token=1']]), 'live'],
    ['nothing at all', null, ''],
    [
      'values of wrong types',
      new Map<string, Amf0Value>([
        ['app', 5],
        ['flashVer', null],
      ]),
      '',
    ],
  ])('takes connect with %s', (_, object, app) => {
    const talk = Talk.ready(object);
    talk.command('publish', null, 'key', 'live');
    expect(talk.requests).toMatchObject([{ app }]);
  });

  it('takes connect with an ECMA array and as an AMF3 command', () => {
    const talk = new Talk();
    talk.conversation.push(handshakeBytes());
    const object = Buffer.from('\x08\0\0\0\x01\0\x03app\x02\0\x04live\0\0\x09', 'latin1');
    talk.message(17, Buffer.concat([Buffer.of(0), encodeAmf0(['connect', 1]), object]));
    talk.command('publish', null, 'key');
    expect(talk.requests).toMatchObject([{ app: 'live' }]);
  });

  it('keeps only printable characters of the encoder name, and not too many', () => {
    const talk = Talk.ready(new Map([['flashVer', `A\n\u001b[31mB${'x'.repeat(500)}`]]));
    talk.command('publish', null, 'key', 'live');
    expect(talk.requests[0]?.encoder).toMatch(/^A\[31mBx+$/);
    expect(talk.requests[0]?.encoder).toHaveLength(128);
  });

  it('hands on media with its timestamps, data without @setDataFrame, and no empty messages', () => {
    const talk = Talk.publishing();
    const metadata = Buffer.from(encodeAmf0(['onMetaData', new Map([['width', 640]])]));
    talk.message(18, Buffer.concat([encodeAmf0(['@setDataFrame']), metadata]));
    talk.message(9, videoPayload(), 40);
    talk.message(8, Buffer.alloc(0), 41);
    talk.message(8, audioPayload(), 0xfffffffe);
    expect(talk.media).toMatchObject([
      { kind: 'data', timestampMs: 0, payload: metadata },
      { kind: 'video', timestampMs: 40, payload: videoPayload() },
      { kind: 'audio', timestampMs: 0xfffffffe, payload: audioPayload() },
    ]);
  });

  it.each([
    [9, '\x12', 'Sorenson H.263 is not supported: set H.264'],
    [9, '\x90hvc1', 'HEVC is not supported: set H.264'],
    [8, '\x2f', 'MP3 is not supported: set AAC'],
  ])('refuses other codecs by name (type %i)', (type, payload, words) => {
    const talk = Talk.publishing();
    talk.message(type, Buffer.from(payload, 'latin1'));
    expect(talk.refusals[0]).toContain(words);
    expect(talk.media).toHaveLength(0);
  });

  it.each([8, 9, 18, 15])('ends when media (type %i) comes before an accepted publish', (type) => {
    expect(() => Talk.ready().message(type, videoPayload())).toThrow('media before an accepted publish');
    const talk = Talk.ready();
    talk.command('publish', null, 'key', 'live');
    expect(() => talk.message(type, videoPayload())).toThrow('media before an accepted publish');
  });

  it.each<[string, readonly Amf0Value[]]>([
    ['FCUnpublish', [null, 'key']],
    ['deleteStream', [null, 1]],
    ['deleteStream', [null]],
    ['closeStream', [null]],
  ])('is finished by %s', (name, args) => {
    const talk = Talk.publishing();
    talk.command(name, ...args);
    expect(talk.finished).toBe(1);
    expect(talk.codes()).toStrictEqual(['NetStream.Publish.Start', 'NetStream.Unpublish.Success']);
    talk.message(9, videoPayload());
    talk.command('deleteStream', null, 1);
    expect([talk.finished, talk.media.length]).toStrictEqual([1, 0]);
  });

  it('is not finished by the end of a stream that does not publish', () => {
    const talk = Talk.publishing();
    talk.command('deleteStream', null, 5);
    const early = Talk.ready();
    early.command('FCUnpublish', null, 'key');
    expect([talk.finished, early.finished]).toStrictEqual([0, 0]);
  });

  it('refuses a second publish, recording types and playing', () => {
    const twice = Talk.publishing();
    twice.command('publish', null, 'other', 'live');
    const record = Talk.ready();
    record.command('publish', null, 'key', 'record');
    const play = Talk.ready();
    play.command('play', null, 'key');
    expect([twice, record, play].map(({ refusals }) => refusals.length)).toStrictEqual([1, 1, 1]);
    expect([twice, record, play].map(({ requests }) => requests.length)).toStrictEqual([1, 0, 0]);
  });

  it('answers unknown commands that ask for an answer, and no others', () => {
    const talk = Talk.ready();
    talk.command('_checkbw', null);
    expect(talk.names()).toStrictEqual(['_result', '_error']);
    talk.message(20, encodeAmf0(['whatever', 0, null]));
    expect(talk.names()).toHaveLength(2);
  });

  it.each<[string, (talk: Talk) => void]>([
    ['connect twice', (talk) => talk.command('connect', connectObject())],
    ['publish without a name', (talk) => talk.command('publish', null)],
    ['a command without a name', (talk) => talk.message(20, encodeAmf0([5]))],
    ['a command that is cut short', (talk) => talk.message(20, encodeAmf0(['connect']).subarray(0, 5))],
    ['an empty command', (talk) => talk.message(20, Buffer.alloc(0))],
    ['an aggregate message', (talk) => talk.message(22, Buffer.alloc(20))],
    ['a shared object', (talk) => talk.message(19, Buffer.alloc(20))],
    ['a command over 4 KiB', (talk) => talk.command('connect', 'x'.repeat(5_000))],
  ])('ends with %s', (_, act) => {
    expect(() => act(Talk.ready())).toThrow(expect.objectContaining({ name: 'ProtocolError' }));
  });

  it('ends with a command before connect', () => {
    const talk = new Talk();
    talk.conversation.push(handshakeBytes());
    expect(() => talk.command('createStream', null)).toThrow('before connect');
  });

  it('ends when too many bytes come before publish', () => {
    const talk = Talk.ready();
    expect(() => {
      for (let turn = 0; turn < 100; turn++) talk.command('createStream', 'x'.repeat(1_000));
    }).toThrow('bytes before publish');
  });

  it('keeps commands small after publish too, and video large', () => {
    const talk = Talk.publishing();
    talk.conversation.push(setChunkSize(1 << 20));
    const send = (type: number, payload: Uint8Array): void =>
      talk.conversation.push(encodeChunks({ type, streamId: 1, timestampMs: 0, payload }, 3, 1 << 20));
    send(9, videoPayload(5 << 20));
    expect(talk.media).toHaveLength(1);
    expect(() => send(20, Buffer.alloc(70_000))).toThrow('over 65536');
    expect(() => Talk.publishing().message(9, Buffer.alloc((10 << 20) + 1))).toThrow('over 10485760');
  });

  it('answers pings and hears pongs', () => {
    const talk = Talk.publishing();
    talk.conversation.push(pingRequest(99));
    expect(talk.said.at(-1)?.payload).toStrictEqual(Buffer.of(0, 7, 0, 0, 0, 99));
    talk.conversation.push(pingResponse(42));
    expect(talk.pongs).toStrictEqual([42]);
  });

  it('acknowledges by the window that the peer names', () => {
    const talk = Talk.publishing();
    talk.conversation.push(windowAcknowledgementSize(1_000));
    const before = talk.said.length;
    talk.message(9, videoPayload(600));
    talk.message(9, videoPayload(600));
    const acknowledgements = talk.said.slice(before).filter(({ type }) => type === 3);
    expect(acknowledgements).toHaveLength(1);
    expect(Buffer.from(acknowledgements[0]?.payload ?? []).readUInt32BE()).toBe(
      talk.conversation.receivedBytes,
    );
  });
});
