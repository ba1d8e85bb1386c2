import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A line to Redis that can be cut, and that can lose what Redis answers. */
export interface WireCutter {
  readonly url: string;
  /** Ends what is connected and takes nobody until `mend`. */
  cut(): void;
  /** Lets everything through to Redis and nothing back, until `mend`. */
  loseReplies(): void;
  mend(): void;
  stop(): Promise<void>;
}

export async function startWireCutter(port: number): Promise<WireCutter> {
  let state: 'whole' | 'cut' | 'losing' = 'whole';
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    if (state === 'cut') {
      near.destroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (chunk: Buffer) => void far.write(chunk));
    far.on('data', (chunk: Buffer) => {
      if (state !== 'losing') near.write(chunk);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const end = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      state = 'cut';
      end();
    },
    loseReplies: () => {
      state = 'losing';
    },
    mend: () => {
      // What was lost would be missed in the middle of an answer.
      if (state === 'losing') end();
      state = 'whole';
    },
    stop: async () => {
      state = 'cut';
      end();
      server.close();
      await once(server, 'close');
    },
  };
}
