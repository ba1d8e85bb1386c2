import { once } from 'node:events';
import { connect, type Socket as NetSocket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { broadcastId, joinFan, names, startTestChat, type Fan, type TestChat, until } from './harness.ts';

let chat: TestChat;
const fans: Fan[] = [];
const sockets: NetSocket[] = [];
afterEach(async () => {
  for (const fan of fans.splice(0)) fan.leave();
  for (const socket of sockets.splice(0)) socket.destroy();
  await chat.close();
});

/** A viewer whose bytes are seen as they come, and who can stop reading. */
async function watch(extensions = ''): Promise<{ socket: NetSocket; bytes: () => Buffer }> {
  const socket = connect(chat.server.port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(
    'GET /chat/a/?EIO=4&transport=websocket HTTP/1.1\r\nhost: chat\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
      `sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n${extensions}\r\n`,
  );
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await until(() => expect(chunks.length).toBeGreaterThan(0));
  const packet = Buffer.from(`40${JSON.stringify({ broadcast: broadcastId })}`);
  // Masked with zeros.
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | packet.length, 0, 0, 0, 0]), packet]));
  await until(() => expect(Buffer.concat(chunks).includes('history')).toBe(true));
  return { socket, bytes: () => Buffer.concat(chunks) };
}

interface ReadFrame {
  readonly opcode: number;
  readonly rsv: number;
  readonly payload: Buffer;
}

/** All frames after the handshake; throws where the bytes are none. */
function framesIn(bytes: Buffer): readonly ReadFrame[] {
  let at = bytes.indexOf('\r\n\r\n') + 4;
  const frames: ReadFrame[] = [];
  while (at < bytes.length) {
    const first = bytes.readUInt8(at);
    let length = bytes.readUInt8(at + 1);
    at += 2;
    if (length === 126) {
      length = bytes.readUInt16BE(at);
      at += 2;
    } else if (length === 127) {
      length = Number(bytes.readBigUInt64BE(at));
      at += 8;
    }
    const opcode = first & 15;
    if (![1, 8, 9].includes(opcode) || first < 0x80) throw new Error(`no frame begins with ${first}`);
    frames.push({ opcode, rsv: (first >> 4) & 7, payload: bytes.subarray(at, at + length) });
    at += length;
  }
  expect(at).toBe(bytes.length);
  return frames;
}

const long = 'x'.repeat(4_000);

describe('a viewer who does not read', () => {
  it('costs a bounded memory, and is brought up to date when they read again', async () => {
    chat = await startTestChat();
    fans.push(await joinFan(chat.origin, { perMessageDeflate: false } as object));
    const { socket, bytes } = await watch();
    socket.pause();
    // The kernel takes some megabytes before anything is seen here.
    for (let round = 0; (await chat.metric('tidecast_chat_dropped_total')) < 3; round += 1) {
      expect(round).toBeLessThan(400);
      chat.shard.sayAll(broadcastId, names(20, `${round} ${long} `));
      await new Promise((resolve) => setTimeout(resolve, 12));
    }
    socket.resume();
    await until(async () => expect(await chat.metric('tidecast_chat_resyncs_total')).toBe(1));
    const last = chat.shard.say(broadcastId, 'the end');
    await until(() => expect(bytes().includes('the end')).toBe(true));
    const packets = framesIn(bytes())
      .map(({ payload }) => payload.toString())
      .filter((packet) => packet.startsWith('42'))
      .map((packet) => JSON.parse(packet.slice(2)) as [string, { from?: string }]);
    const resync = packets.findLastIndex(([event]) => event === 'history');
    expect(packets[resync]?.[1].from).toBe('middle');
    expect(packets[resync - 1]?.[0]).toBe('joined');
    expect(JSON.stringify(packets.slice(resync + 1))).toContain(last.id);
    // The others were not held up.
    await until(() => expect(fans[0]?.texts()).toHaveLength(chat.shard.said.length));
  });

  it('over polling is dropped and brought up to date as well', async () => {
    chat = await startTestChat({ shortestTickMs: 2 });
    const open = await (await fetch(`${chat.origin}/chat/a/?EIO=4&transport=polling`)).text();
    const { sid } = JSON.parse(open.slice(1)) as { sid: string };
    const address = `${chat.origin}/chat/a/?EIO=4&transport=polling&sid=${sid}`;
    await fetch(address, { method: 'POST', body: `40${JSON.stringify({ broadcast: broadcastId })}` });
    await (await fetch(address)).text();
    for (let round = 0; (await chat.metric('tidecast_chat_dropped_total')) < 3; round += 1) {
      expect(round).toBeLessThan(1_000);
      chat.shard.say(broadcastId, `round ${round}`);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    expect((await (await fetch(address)).text()).length).toBeLessThan(100_000);
    // That one has joined and what was said last are two packets: they come in one answer or in two.
    let told = await (await fetch(address)).text();
    if (!told.includes('"history"')) told += await (await fetch(address)).text();
    expect(told).toContain('"from":"middle"');
  });
});

describe('the bytes', () => {
  it('are whole frames whatever else is written, and nothing comes after the close', async () => {
    chat = await startTestChat({ shortestTickMs: 1 });
    const viewers = await Promise.all(names(20).map(() => watch()));
    const talk = setInterval(() => chat.shard.sayAll(broadcastId, names(2)), 1);
    // Half say goodbye by a close frame, and stay to see what comes.
    await new Promise((resolve) => setTimeout(resolve, 50));
    viewers.slice(0, 10).forEach(({ socket }) => socket.write(Buffer.from([0x88, 0x80, 0, 0, 0, 0])));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await chat.server.drain();
    clearInterval(talk);
    for (const { bytes } of viewers) {
      await until(() => expect(framesIn(bytes()).at(-1)?.opcode).toBe(8));
      expect(framesIn(bytes()).filter(({ opcode }) => opcode === 8)).toHaveLength(1);
    }
  });

  it('are deflated once for all who take it, and fewer', async () => {
    chat = await startTestChat({ shortestTickMs: 30 });
    const offer = 'sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n';
    const plain = await watch();
    const [one, two] = [await watch(offer), await watch(offer)];
    const narrow = await watch('sec-websocket-extensions: permessage-deflate; server_max_window_bits=10\r\n');
    const marks = [plain, one, two, narrow].map(({ bytes }) => bytes().length);
    chat.shard.sayAll(broadcastId, names(50, 'こんにちは、今日の試合はすごいですね '));
    const since = (index: number, viewer: typeof plain): Buffer => viewer.bytes().subarray(marks[index]);
    await until(() => expect(since(1, one).length).toBeGreaterThan(100));
    await until(() => expect(since(0, plain).includes('日の試合')).toBe(true));
    await until(() => expect(since(3, narrow).equals(since(0, plain))).toBe(true));
    await until(() => expect(since(2, two).equals(since(1, one))).toBe(true));
    expect(since(1, one).length).toBeLessThan(since(0, plain).length / 3);
    expect(await chat.metric('tidecast_chat_deflated_share')).toBeGreaterThan(0);
  });
});
