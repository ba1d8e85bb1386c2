import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket as NetSocket } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { broadcastId, joinFan, startTestChat, type Fan, type TestChat, until } from './harness.ts';

let chat: TestChat;
let witnesses: readonly Fan[];
const strays: unknown[] = [];
const stray = (error: unknown): void => {
  strays.push(error);
};
beforeAll(async () => {
  process.on('uncaughtException', stray);
  process.on('unhandledRejection', stray);
  chat = await startTestChat();
  witnesses = await Promise.all([
    joinFan(chat.origin),
    joinFan(chat.origin, { transports: ['polling'] }),
    joinFan(chat.origin, { perMessageDeflate: false } as object),
  ]);
});
afterAll(async () => {
  for (const fan of witnesses) fan.leave();
  await chat.close();
  process.off('uncaughtException', stray);
  process.off('unhandledRejection', stray);
});

let rounds = 0;
/** The others go on receiving, each message once. */
async function othersHear(): Promise<void> {
  const text = `round ${(rounds += 1)}`;
  chat.shard.say(broadcastId, text);
  for (const fan of witnesses)
    await until(() => expect(fan.texts().filter((said) => said === text)).toEqual([text]));
  expect(strays).toEqual([]);
}

const handshake = (extensions = ''): string =>
  'GET /chat/a/?EIO=4&transport=websocket HTTP/1.1\r\nhost: chat\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
  `sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n${extensions}\r\n`;

async function open(extensions?: string): Promise<NetSocket> {
  const socket = connect(chat.server.port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(handshake(extensions));
  await once(socket, 'data');
  socket.resume();
  return socket;
}

/** A masked frame, as clients send it (RFC 6455 5.2). */
function frame(payload: Buffer, { opcode = 1, fin = true, rsv = 0 } = {}): Buffer {
  const mask = randomBytes(4);
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  if (payload.length < 126) head.push(0x80 | payload.length);
  else head.push(0x80 | 126, payload.length >> 8, payload.length & 255);
  return Buffer.concat([
    Buffer.from(head),
    mask,
    payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0)),
  ]);
}

const text = (packet: string): Buffer => frame(Buffer.from(packet));
const hello = text(`40${JSON.stringify({ broadcast: broadcastId })}`);

const ended = async (socket: NetSocket): Promise<void> => {
  if (!socket.destroyed && !socket.readableEnded) await once(socket, 'close');
};

describe('a hostile client', () => {
  it('that sends random bytes for frames hurts nobody else', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
        fc.boolean(),
        fc.boolean(),
        async (chunks, joins, deflates) => {
          const socket = await open(deflates ? 'sec-websocket-extensions: permessage-deflate\r\n' : '');
          if (joins) socket.write(hello);
          for (const chunk of chunks) socket.write(chunk);
          await othersHear();
          socket.destroy();
        },
      ),
      { numRuns: 30 },
    );
  });

  it('that sends any packets of Engine.IO and Socket.IO hurts nobody else', async () => {
    const packet = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc
        .tuple(fc.constantFrom('0', '1', '2', '3', '4', '5', '6', 'b'), fc.string({ maxLength: 40 }))
        .map(([type, rest]) => type + rest),
      fc
        .tuple(
          fc.constantFrom('0', '1', '2', '3', '4', '5', '6'),
          fc.constantFrom('', '/', '/x,', '1-', '7', '/x?token=1,', '99999999999'),
          fc.oneof(
            fc.json(),
            fc.constantFrom(
              '',
              '["join"]',
              '["join",null]',
              '["join",{}]',
              '["disconnect"]',
              '[1]',
              '[]',
              '{}',
            ),
            fc.jsonValue().map((said) => JSON.stringify(['join', said])),
          ),
        )
        .map(([type, middle, payload]) => `4${type}${middle}${payload}`),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(packet, fc.constantFrom(1, 1, 1, 2), fc.boolean()), { maxLength: 15 }),
        fc.boolean(),
        async (packets, joins) => {
          const socket = await open();
          if (joins) socket.write(hello);
          for (const [said, opcode, fin] of packets)
            socket.write(frame(Buffer.from(said), { opcode, fin: fin || opcode === 2 }));
          await othersHear();
          socket.destroy();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('that posts anything to the polling side hurts nobody else', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ maxLength: 200 }),
        fc.constantFrom('text/plain', 'application/octet-stream', 'application/json'),
        fc.constantFrom('GET', 'POST', 'PUT', 'OPTIONS', 'DELETE'),
        fc.constantFrom('', '__proto__', 'constructor', 'x', 'real'),
        async (body, type, method, who) => {
          const address = `${chat.origin}/chat/a/?EIO=4&transport=polling`;
          const opened = await (await fetch(address)).text();
          const sid = who === 'real' ? (JSON.parse(opened.slice(1)) as { sid: string }).sid : who;
          const answer = await fetch(`${address}&sid=${sid}`, {
            method,
            headers: { 'content-type': type },
            signal: AbortSignal.timeout(100),
            ...(method === 'GET' ? {} : { body }),
          }).catch(() => undefined);
          await answer?.text().catch(() => '');
          await othersHear();
        },
      ),
      { numRuns: 20 },
    );
  });

  it('that does not keep to the protocol loses its connection', async () => {
    const breaches = {
      'a huge packet': text(`40${JSON.stringify({ broadcast: broadcastId, token: 'x'.repeat(20_000) })}`),
      'a binary packet': frame(randomBytes(50), { opcode: 2 }),
      'an unknown packet': text('9'),
      'a packet before joining': text('42["join",{"broadcast":1}]'),
      'reserved bits': frame(Buffer.from('2'), { rsv: 7 }),
    };
    await Promise.all(
      Object.values(breaches).map(async (bytes) => {
        const socket = await open();
        socket.write(bytes);
        await ended(socket);
      }),
    );
    await othersHear();
  });

  it('whose small packets swell is cut off', async () => {
    const socket = await open('sec-websocket-extensions: permessage-deflate\r\n');
    const { deflateRawSync, constants } = await import('node:zlib');
    const bomb = deflateRawSync(Buffer.alloc(10_000_000, '4'), { finishFlush: constants.Z_SYNC_FLUSH });
    socket.write(frame(bomb.subarray(0, -4), { rsv: 4 }));
    await ended(socket);
    await othersHear();
  });

  it.each([
    ['packets', text('42["hello"]')],
    ['pings', frame(Buffer.from('hi'), { opcode: 9 })],
  ])('that floods with %s is cut off, and one who says little is not', async (_, bytes) => {
    const floods = await open();
    const quiet = await open();
    for (const socket of [floods, quiet]) socket.write(hello);
    for (let n = 0; n < 10; n += 1) quiet.write(bytes);
    for (let n = 0; n < 30; n += 1) floods.write(bytes);
    await ended(floods);
    expect(await chat.metric('tidecast_chat_floods_total')).toBeGreaterThan(0);
    await othersHear();
    expect(quiet.destroyed || quiet.readableEnded).toBe(false);
    quiet.destroy();
  });
});
