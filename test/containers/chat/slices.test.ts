import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { Server, type Socket } from 'socket.io';
import { io } from 'socket.io-client';
import { describe, expect, it } from 'vitest';
import { cut, endLater } from '../../../containers/chat/delivery/wire.ts';
import { Slices } from '../../../containers/chat/door/slices.ts';

/** Each piece of work takes 1 ms of this clock. */
function startSlices(sliceMs: number) {
  let nowMs = 0;
  const done: number[] = [];
  const failures: unknown[] = [];
  const slices = new Slices({ now: () => nowMs, sliceMs, failed: (error) => failures.push(error) });
  const work = (n: number) => (): void => {
    nowMs += 1;
    done.push(n);
  };
  return { slices, done, failures, work };
}

describe('work in slices', () => {
  it('is done in its order, so much in a turn of the loop', async () => {
    const { slices, done, work } = startSlices(5);
    for (let n = 0; n < 12; n += 1) slices.add(work(n));
    expect(done).toEqual([]);
    await turn();
    expect(done).toEqual([0, 1, 2, 3, 4]);
    await turn();
    await turn();
    expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('goes on with what comes meanwhile and later', async () => {
    const { slices, done, work } = startSlices(5);
    slices.add(() => slices.add(work(2)));
    slices.add(work(1));
    await turn();
    expect(done).toEqual([1, 2]);
    slices.add(work(3));
    await turn();
    expect(done).toEqual([1, 2, 3]);
  });

  it('goes on after work that fails, and says so', async () => {
    const { slices, done, failures, work } = startSlices(5);
    slices.add(() => {
      throw new Error('broken');
    });
    slices.add(work(1));
    await turn();
    expect(done).toEqual([1]);
    expect(failures).toEqual([new Error('broken')]);
  });
});

describe('the end of a WebSocket', () => {
  /** Fails when another version of ws names or calls its listeners differently. */
  it.each(['client', 'server'] as const)(
    '(torn by the %s) is dealt with when its slice comes',
    async (by) => {
      const http = createServer();
      const server = new Server(http);
      const later: (() => void)[] = [];
      server.engine.on(
        'connection',
        endLater((work) => later.push(work)),
      );
      http.listen(0, '127.0.0.1');
      await once(http, 'listening');
      const client = io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, {
        transports: ['websocket'],
        reconnection: false,
      });
      const socket = await new Promise<Socket>((resolve) => void server.once('connection', resolve));
      const ended = new Promise((resolve) => void socket.once('disconnect', resolve));
      if (by === 'server') cut(socket.conn);
      else {
        const { ws } = client.io.engine.transport as unknown as { readonly ws: { terminate(): void } };
        ws.terminate();
      }
      while (later.length === 0) await turn();
      expect(socket.disconnected).toBe(false);
      // The end that the client said is followed by the close of our side.
      while (socket.connected) {
        later.shift()?.();
        await turn();
      }
      expect(await ended).toBe('transport close');
      client.disconnect();
      await server.close();
    },
  );
});
