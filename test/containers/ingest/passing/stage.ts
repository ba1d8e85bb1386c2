/** Ingest tasks without ffmpeg and tables: real sockets, the real RTMP server, door and passing on. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect } from 'vitest';
import type { HeldShow, Peer } from '../../../../core/fleet/heartbeat.ts';
import { Door } from '../../../../containers/ingest/fleet/door.ts';
import { Passing, type PassingOptions } from '../../../../containers/ingest/passing/passing.ts';
import { welcome } from '../../../../containers/ingest/passing/relay-port.ts';
import type { RtmpServerOptions } from '../../../../containers/ingest/rtmp/types.ts';
import { createLogger } from '../../../../runtime/telemetry/log.ts';
import { TestClient } from '../rtmp/client.ts';
import { RecordingSink, startHarness, type Harness } from '../rtmp/harness.ts';

export interface Take {
  readonly key: string;
  readonly remoteAddress: string;
  readonly sink: RecordingSink;
  readonly pause: () => void;
  readonly resume: () => void;
}

export interface StageTask {
  readonly taskId: string;
  readonly harness: Harness;
  readonly port: number;
  readonly door: Door;
  readonly passing: Passing;
  /** What it holds beside what comes by its ports. */
  readonly held: HeldShow[];
  /** Encoders that it took, in the order of their coming. */
  readonly takes: readonly Take[];
  readonly outcomes: readonly string[];
  /** Whom it may pass on to; the calls of it. */
  peers: () => Promise<readonly Peer[]>;
  readonly peer: Peer;
}

export interface StageOptions extends Pick<Partial<PassingOptions>, 'limits' | 'random' | 'clock'> {
  /** Points inside the band: two shows by default; 2.57 times as many thousand up to the ceiling. */
  readonly points?: number;
  readonly rtmp?: Partial<RtmpServerOptions>;
}

export const show = (broadcastId: string, state: HeldShow['state'] = 'live'): HeldShow => ({
  broadcastId,
  state,
  points: 1000,
  startedAt: 1,
  session: 1,
});

/** Everything of one test; `close` ends it. */
export class Stage {
  readonly #ending: (() => Promise<unknown> | void)[] = [];
  #tasks = 0;

  async task(options: StageOptions = {}): Promise<StageTask> {
    const taskId = `task-${++this.#tasks}`;
    const held: HeldShow[] = [];
    const takes: Take[] = [];
    const clock = options.clock ?? { now: () => performance.now() };
    const outcomes: string[] = [];
    const door = new Door({
      limits: { points: options.points ?? 2000, cpu: { low: 0.5, high: 0.7, ceiling: 0.9 } },
      shows: () => held,
      measured: () => undefined,
    });
    door.open();
    door.confirm(door.epoch);
    let none = 0;
    const passing = new Passing({
      taskId,
      readPeers: () => made.peers(),
      door,
      onNone: () => void (none += 1),
      onOutcome: (outcome) => void outcomes.push(outcome),
      clock,
      random: options.random ?? (() => 0),
      log: createLogger('test', 'silent'),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    });
    const harness = await startHarness({
      passOn: passing,
      relay: { host: '127.0.0.1', port: 0 },
      clock,
      ...options.rtmp,
      decide: async ({ publishingName: key, remoteAddress }, publisher) => {
        await Promise.resolve();
        const own = held.find(({ broadcastId }) => broadcastId === key);
        const entry = door.enter({ own, newId: key, at: 1 });
        if (entry.kind === 'refused')
          return {
            accepted: false,
            code: 'NetStream.Publish.BadName',
            description: entry.why,
            elsewhere: true,
          };
        if (own !== undefined) held.splice(held.indexOf(own), 1);
        const mine = show(key);
        held.push(mine);
        entry.leave();
        const sink = new RecordingSink();
        void sink.end().then(() => held.splice(held.indexOf(mine), 1));
        takes.push({
          key,
          remoteAddress,
          sink,
          pause: () => publisher.pause(),
          resume: () => publisher.resume(),
        });
        return { accepted: true, sink };
      },
    });
    const made: StageTask = {
      taskId,
      harness,
      port: harness.port,
      door,
      passing,
      held,
      takes,
      outcomes,
      peers: () => Promise.resolve([]),
      peer: { taskId, relay: `127.0.0.1:${harness.server.relayPort}`, slots: 1 },
    };
    this.#ending.push(async () => {
      passing.stop();
      await harness.close();
      expect(passing.count).toBe(0);
      expect(none > 0).toBe(outcomes.length > 0);
    });
    return made;
  }

  /** A task without room, and the one that it may pass newcomers on to. */
  async fullAndFree(options: StageOptions = {}): Promise<readonly [full: StageTask, free: StageTask]> {
    const [full, free] = [await this.task(options), await this.task()];
    full.held.push(show('held-1'), show('held-2'));
    full.peers = () => Promise.resolve([free.peer]);
    return [full, free];
  }

  /** An encoder from an address of its own. */
  async encoder(port: number, options: { from?: string; tls?: boolean } = {}): Promise<TestClient> {
    const at = { port, host: '127.0.0.1', localAddress: options.from ?? '127.0.0.1' };
    const socket = options.tls === true ? connectTls({ ...at, rejectUnauthorized: false }) : connect(at);
    this.keep(socket);
    await once(socket, options.tls === true ? 'secureConnect' : 'connect');
    return new TestClient(socket);
  }

  /** Connects and asks to publish; answers what it is told. */
  async publish(
    port: number,
    key: string,
    options: { from?: string; tls?: boolean } = {},
  ): Promise<{ readonly client: TestClient; readonly code: string }> {
    const client = await this.encoder(port, options);
    await client.handshake();
    await client.command('connect', new Map([['app', 'live']]));
    return { client, code: await client.publish(key) };
  }

  /** A bare connection. */
  async dial(port: number): Promise<Socket> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => {});
    this.keep(socket);
    await once(socket, 'connect');
    return socket;
  }

  /** A peer that is not one of ours, and takes whoever is passed on. */
  async stranger(onSocket: (socket: Socket) => void): Promise<Peer> {
    const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#ending.unshift(() => void socket.destroy());
      socket.on('error', () => {});
      socket.write(welcome);
      onSocket(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#ending.push(() => void server.close());
    return { taskId: 'stranger', relay: `127.0.0.1:${(server.address() as AddressInfo).port}`, slots: 1 };
  }

  /** Nothing listens there. */
  async deadPeer(): Promise<Peer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return { taskId: 'dead', relay: `127.0.0.1:${port}`, slots: 1 };
  }

  /** Ends it with the stage. */
  keep(socket: Socket): void {
    this.#ending.unshift(() => void socket.destroy());
  }

  async close(): Promise<void> {
    for (const end of this.#ending.splice(0)) await end();
  }
}

/** The other side has hung up: by FIN, or by RST where something was unread. */
export const hungUp = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.once('end', resolve).once('close', () => resolve()));

export const started = 'NetStream.Publish.Start';
export const refused = 'NetStream.Publish.BadName';
