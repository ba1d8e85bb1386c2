import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { killTree } from './kill-tree.ts';
import { openLogFile } from './log-file.ts';

export interface ProgramOptions {
  readonly name: string;
  /** Absolute path of the program's main file. */
  readonly main: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Called when the program ends without having been asked to. */
  readonly onCrash: (description: string) => void;
  /** Kills it while it has not come up. */
  readonly signal?: AbortSignal;
  /** From asking it to end to SIGKILL. */
  readonly stopAfterMs?: number;
}

export interface Program {
  readonly pid: number;
  /** Ports that it listens on, by name. */
  readonly ports: Readonly<Record<string, number>>;
  /** SIGTERM, then SIGKILL. */
  stop(): Promise<void>;
  /** The message `finish`: it stores what it has and ends without waiting for its broadcasters or viewers. */
  finish(): Promise<void>;
  /** SIGKILL, also for what it started: as if the plug had been pulled. */
  kill(): Promise<void>;
}

/** An archive needs two seconds (design section 4), ffmpeg one and a half. */
const defaultStopAfterMs = 10_000;

/** A program did not come up. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
}

const isReady = (message: unknown): message is { readonly ready: Record<string, number> } =>
  typeof message === 'object' && message !== null && 'ready' in message;

/**
 * Starts a container's program as a process of its own, as ECS would, and waits until it serves.
 * Its environment is only what its contract names, so that nothing of this machine leaks in unnoticed.
 */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const child = fork(options.main, [], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TIDECAST_PARENT_WATCH: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // Ctrl-C reaches the whole group of the terminal; programs are ended one after the other by their starter.
    detached: true,
  });
  const log = openLogFile(options.logFile);
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      tail = (tail + chunk.toString()).slice(-2000);
      log.write(chunk);
    });
  }
  const exited = once(child, 'exit');
  const giveUp = (): boolean => child.kill('SIGKILL');
  options.signal?.addEventListener('abort', giveUp);
  if (options.signal?.aborted === true) giveUp();
  const ports = await Promise.race([
    readyPorts(child),
    exited.then(() => {
      log.end();
      throw new ProgramError(`${options.name} did not start; its last words:\n${tail}`);
    }),
  ]).finally(() => options.signal?.removeEventListener('abort', giveUp));
  let asked = false;
  void exited.then(([code, signal]) => {
    log.end();
    if (!asked)
      options.onCrash(
        `${options.name} ended by itself (${String(signal ?? `exit ${String(code)}`)}); see ${options.logFile}`,
      );
  });
  const end = async (ask: () => unknown): Promise<void> => {
    asked = true;
    if (child.exitCode !== null || child.signalCode !== null) return;
    await ask();
    const hard = setTimeout(() => child.kill('SIGKILL'), options.stopAfterMs ?? defaultStopAfterMs);
    await exited;
    clearTimeout(hard);
  };
  return {
    pid: child.pid ?? 0,
    ports,
    stop: () => end(() => child.kill('SIGTERM')),
    // A channel that is gone already: the program is ending by itself.
    finish: () => end(() => child.connected && child.send('finish', () => {})),
    kill: () => end(() => killTree(child)),
  };
}

async function readyPorts(child: ChildProcess): Promise<Readonly<Record<string, number>>> {
  for (;;) {
    const [message] = (await once(child, 'message')) as [unknown];
    if (isReady(message)) return message.ready;
  }
}
