import { connect, createServer, type AddressInfo, type Server, type Socket as TcpSocket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Control, Joined } from '../../../core/chat/protocol.ts';
import { until } from './harness.ts';
import { startPrograms, type Programs, type Task } from './programs.ts';

/** What was promised: issue 4, presence. */
const promised = { share: 0.02, withinMs: 30_000, fromViewers: 50 };

/** Sends each connection to the next task that takes it, as a load balancer does; what ends there ends here. */
async function balance(tasks: readonly Task[]): Promise<Server> {
  const ports = tasks.map(({ origin }) => Number(new URL(origin).port));
  let turn = 0;
  const open = (client: TcpSocket, triesLeft: number): void => {
    const target = connect(ports[(turn += 1) % ports.length] ?? 0, '127.0.0.1');
    target.once('error', () => (triesLeft > 0 ? open(client, triesLeft - 1) : client.destroy()));
    target.once('connect', () => {
      client.pipe(target).pipe(client);
      client.once('close', () => target.destroy());
      target.once('close', () => client.destroy());
    });
  };
  const server = createServer((client) => {
    client.on('error', () => client.destroy());
    open(client, ports.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

interface Watcher {
  readonly socket: Socket;
  /** What stands on their screen. */
  readonly shown: () => number;
}

/** A stock client, which comes back by itself, or not. */
function watch(origin: string, broadcast: string, comesBack: boolean): Watcher {
  const socket = io(origin, {
    path: '/chat/a/',
    transports: ['websocket'],
    forceNew: true,
    auth: { broadcast },
    reconnection: comesBack,
  });
  let shown = Number.NaN;
  socket.on('joined', ({ viewers }: Joined) => (shown = viewers));
  socket.on('control', (control: Control) => {
    if (control.type === 'viewers') shown = control.count;
  });
  return { socket, shown: () => shown };
}

interface Show {
  readonly broadcastId: string;
  /** Of those who lose their task: how many return. */
  readonly returns: 'all' | 'half' | 'none';
  readonly watchers: readonly Watcher[];
}

const here = ({ watchers }: Show): number => watchers.filter(({ socket }) => socket.connected).length;
const isRight = (said: number, truth: number): boolean => Math.abs(said - truth) <= truth * promised.share;

describe('the count of viewers', () => {
  const sizes = [
    { viewers: 170, returns: 'all' },
    { viewers: 60, returns: 'all' },
    { viewers: 130, returns: 'half' },
    { viewers: 110, returns: 'none' },
    { viewers: 130, returns: 'none' },
  ] as const;
  let programs: Programs;
  let victim: Task;
  let balancer: Server;
  let shows: readonly Show[];

  beforeAll(async () => {
    programs = await startPrograms();
    const tasks = await Promise.all([programs.startTask(), programs.startTask()]);
    [, victim] = tasks;
    balancer = await balance(tasks);
    const origin = `http://127.0.0.1:${(balancer.address() as AddressInfo).port}`;
    shows = await Promise.all(
      sizes.map(async ({ viewers, returns }) => {
        const { broadcastId } = await programs.goLive();
        const watchers = Array.from({ length: viewers }, (_, n) =>
          // Neighbours are at different tasks: pairs go, or stay, together.
          watch(origin, broadcastId, returns === 'all' || (returns === 'half' && n % 4 < 2)),
        );
        return { broadcastId, returns, watchers };
      }),
    );
  });
  afterAll(async () => {
    for (const { watchers } of shows) for (const { socket } of watchers) socket.disconnect();
    balancer.close();
    await programs.close();
  });

  /** As pages and the directory hear it from the API. */
  const counted = async (): Promise<readonly number[]> => {
    const ids = shows.map(({ broadcastId }) => broadcastId);
    const counts = await programs.bus.viewers(ids);
    return ids.map((id) => counts.get(id) ?? 0);
  };

  /** Which counts are not what they have to be: the API's, and those on each screen. */
  const wrong = async (): Promise<readonly string[]> => {
    const counts = await counted();
    return shows.flatMap((show, index) => {
      const truth = here(show);
      const said = counts[index] ?? 0;
      const screens = show.watchers.filter(({ socket }) => socket.connected).map(({ shown }) => shown());
      return [
        ...(isRight(said, truth) ? [] : [`${show.returns}: ${said} of ${truth} for the API`]),
        ...screens
          .filter((shown) => !isRight(shown, truth))
          .map((shown) => `${show.returns}: ${shown} of ${truth} on a screen`),
      ];
    });
  };

  it('is right again within 30 s after a task was killed, whoever comes back', async () => {
    const whole = sizes.map(({ viewers }) => viewers);
    await until(() => expect(shows.map(here)).toEqual(whole));
    await until(async () => expect(await counted()).toEqual(whole));

    const killedAt = performance.now();
    victim.child.kill('SIGKILL');
    await victim.exit;
    await until(() => expect(shows.map(here)).not.toEqual(whole));
    let faults = await wrong();
    // Nobody knows yet that those who don't come back have gone: else nothing is tried here.
    expect(faults.filter((fault) => fault.startsWith('none'))).not.toEqual([]);
    while (faults.length > 0 && performance.now() - killedAt < promised.withinMs) {
      await delay(50);
      faults = await wrong();
    }
    expect(faults).toEqual([]);

    const left = shows.map(here);
    expect(left.every((viewers) => viewers >= promised.fromViewers)).toBe(true);
    shows.forEach(({ returns }, index) => {
      const share = (left[index] ?? 0) / (whole[index] ?? 0);
      if (returns === 'all') expect(share).toBe(1);
      else expect(share).toBeCloseTo(returns === 'half' ? 0.75 : 0.5, 1);
    });
  }, 60_000);
});
