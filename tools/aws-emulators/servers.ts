import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { emulatorProgram } from './python.ts';

export interface EmulatorServer {
  readonly url: string;
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** Nobody's now. Another program may take it before the emulator does: then that one says so and ends. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

async function answers(url: string, child: ChildProcess, output: () => string): Promise<void> {
  // 300 × 100 ms: half a second when the machine is idle.
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`the emulator ended (${child.exitCode}):\n${output()}`);
    const response = await fetch(url).catch(() => undefined);
    if (response !== undefined) {
      await response.arrayBuffer();
      return;
    }
    await delay(100);
  }
  throw new Error(`the emulator does not answer:\n${output()}`);
}

async function start(options: {
  readonly program: 'moto_server' | 'ministack';
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly port: number;
  readonly healthPath: string;
  readonly resetPath: string;
}): Promise<EmulatorServer> {
  const child = spawn(emulatorProgram(options.program), options.args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.environment },
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-4_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const failed = once(child, 'error').then(([error]) => {
    throw error instanceof Error ? error : new Error(String(error));
  });
  const url = `http://127.0.0.1:${options.port}`;
  await Promise.race([failed, answers(`${url}${options.healthPath}`, child, () => output)]);
  failed.catch(() => undefined);
  const end = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', end);
  return {
    url,
    reset: async () => {
      const response = await fetch(`${url}${options.resetPath}`, { method: 'POST' });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`${options.program} could not be reset: ${response.status}`);
    },
    stop: async () => {
      process.off('exit', end);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      // They hold nothing that would have to be saved.
      child.kill('SIGKILL');
      await ended;
    },
  };
}

export async function startMoto(): Promise<EmulatorServer> {
  const port = await freePort();
  return start({
    program: 'moto_server',
    args: ['-H', '127.0.0.1', '-p', String(port)],
    environment: {},
    port,
    healthPath: '/moto-api/',
    resetPath: '/moto-api/reset',
  });
}

export async function startMinistack(): Promise<EmulatorServer> {
  const port = await freePort();
  return start({
    program: 'ministack',
    args: [],
    environment: {
      GATEWAY_PORT: String(port),
      // It binds to every address otherwise, and opens ports for IoT and SFTP.
      BIND_HOST: '127.0.0.1',
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
      PERSIST_STATE: '0',
      // It would start containers for some services.
      DOCKER_HOST: 'tcp://127.0.0.1:1',
      LOG_LEVEL: 'WARNING',
    },
    port,
    healthPath: '/_ministack/health',
    resetPath: '/_ministack/reset',
  });
}
