import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, programs } from '../../tools/setup/programs.mjs';

/** A real Redis (or Valkey: REDIS_SERVER names the program) of its own, on 127.0.0.1, that keeps nothing on disk. */
export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** Of the process that runs now: another one after `restart`. */
  readonly pid: number;
  /** SIGSTOP: connections stay, nothing answers. */
  freeze(): void;
  thaw(): void;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  /** The same port, empty; kills it before, if it still runs. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface TestRedisOptions {
  readonly port?: number;
  readonly password?: string;
  /** Speaks TLS only (`rediss://`); paths of PEM files. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** More lines of redis.conf. */
  readonly config?: readonly string[];
}

export async function startRedis(options: TestRedisOptions = {}): Promise<TestRedis> {
  const { tls } = options;
  const { redis } = programs;
  const program = redis === undefined ? undefined : findProgram(redis);
  if (program === undefined) throw new Error('redis-server is not installed: `npm test` does it');
  const folder = await mkdtemp(join(tmpdir(), 'tidecast-redis-'));

  const run = async (port: number): Promise<ChildProcess> => {
    // The password goes in by stdin: an argument can be read by everybody on the machine.
    const child = spawn(program, ['-'], { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] });
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stdin.end(
      [
        ...(tls === undefined
          ? [`port ${port}`]
          : [
              'port 0',
              `tls-port ${port}`,
              `tls-cert-file ${tls.certificate}`,
              `tls-key-file ${tls.key}`,
              `tls-ca-cert-file ${tls.certificate}`,
              'tls-auth-clients no',
            ]),
        'bind 127.0.0.1',
        "save ''",
        'appendonly no',
        ...(options.password === undefined ? [] : [`requirepass ${options.password}`]),
        ...(options.config ?? []),
        '',
      ].join('\n'),
    );
    for (;;) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`${program} ended at once:\n${Buffer.concat(output).toString()}`);
      if (Buffer.concat(output).includes('Ready to accept connections') && (await accepts(port)))
        return child;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  let port = options.port ?? (await freePort());
  let child = await run(port).catch(async (error: unknown) => {
    // Somebody took the free port in between.
    if (options.port !== undefined) throw error;
    port = await freePort();
    return run(port);
  });
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.on('exit', endWithUs);

  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  return {
    url: `${tls === undefined ? 'redis' : 'rediss'}://127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid ?? 0;
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    kill,
    restart: async () => {
      await kill();
      child = await run(port);
    },
    stop: async () => {
      process.off('exit', endWithUs);
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}
