import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTables } from '../../local/tables.ts';
import { openTables, type Tables } from '../../runtime/store/tables/open.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidecast-tables-'));
});
afterEach(() => rm(folder, { recursive: true }));

const open = (endpoint: string): Tables =>
  openTables({ TABLE_PREFIX: 'tidecast', DYNAMODB_ENDPOINT: endpoint, AWS_REGION: 'us-east-1' });

const channel = (n: number) => ({
  channelId: String(n).padStart(26, '0'),
  ownerId: `owner-${n % 20}`,
  name: 'n',
  title: 't',
  visibility: 'public' as const,
  keyHash: 'x',
  keyCreatedAt: 1,
  createdAt: 1,
});

describe('the local tables', () => {
  it('have their data again after a clean end', async () => {
    const first = await startTables({ path: folder });
    const tables = open(first.endpoint);
    await tables.channels.create(channel(1), 10);
    tables.close();
    await first.close();

    const second = await startTables({ path: folder });
    const again = open(second.endpoint);
    expect(await again.channels.get(channel(1).channelId)).toEqual(channel(1));
    again.close();
    await second.close();
  });

  it('have every confirmed write again after kill -9 in the middle of writing', async () => {
    const child: ChildProcess = fork(join(import.meta.dirname, 'tables-process.ts'), [folder]);
    const [endpoint] = (await once(child, 'message')) as [string];
    const tables = open(endpoint);
    const confirmed: number[] = [];
    let killed = false;
    const writer = async (from: number): Promise<void> => {
      for (let n = from; !killed; n += 4) {
        await tables.channels.create(channel(n), 10_000).then(
          () => confirmed.push(n),
          () => undefined,
        );
        if (confirmed.length >= 100 && !killed) killed = child.kill('SIGKILL');
      }
    };
    const exit = once(child, 'exit');
    await Promise.all([0, 1, 2, 3].map(writer));
    await exit;
    tables.close();

    const second = await startTables({ path: folder });
    const again = open(second.endpoint);
    expect(confirmed.length).toBeGreaterThanOrEqual(100);
    for (const n of confirmed) {
      expect(await again.channels.get(channel(n).channelId)).toEqual(channel(n));
    }
    const listed = await Promise.all(
      Array.from({ length: 20 }, (_, n) => again.channels.listByOwner(`owner-${n}`)),
    );
    expect(listed.flat().map((each) => Number(each.channelId))).toEqual(expect.arrayContaining(confirmed));
    again.close();
    await second.close();
  });

  it('end cleanly while clients that have gone are still being answered', async () => {
    const local = await startTables({});
    const body = JSON.stringify({ TableName: 'tidecast-channels', Item: { channelId: { S: 'x' } } });
    const head = [
      'POST / HTTP/1.1',
      'host: x',
      'x-amz-target: DynamoDB_20120810.PutItem',
      'content-type: application/x-amz-json-1.0',
      'x-amz-date: 20260101T000000Z',
      'authorization: AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=f',
      `content-length: ${body.length}`,
    ].join('\r\n');
    const { port } = new URL(local.endpoint);
    const sockets = Array.from({ length: 50 }, () => connect(Number(port), '127.0.0.1'));
    for (const socket of sockets) socket.write(`${head}\r\n\r\n${body}`);
    await once(sockets[0] as NodeJS.EventEmitter, 'data');
    for (const socket of sockets) socket.destroy();
    await local.close();
  });

  it('survive a client that is killed in the middle of a request', async () => {
    const local = await startTables({});
    const { port, hostname } = new URL(local.endpoint);
    for (let n = 0; n < 5; n += 1) {
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"half');
      await new Promise((resolve) => setImmediate(resolve));
      socket.resetAndDestroy();
    }
    const tables = open(local.endpoint);
    expect(await tables.channels.get(channel(1).channelId)).toBeUndefined();
    tables.close();
    await local.close();
  });
});
