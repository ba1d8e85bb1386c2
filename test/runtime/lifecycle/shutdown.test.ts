import { fork, spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const program = join(import.meta.dirname, 'shutdown-program.ts');
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Run {
  readonly child: ChildProcess;
  /** Waits until the program has printed this line. */
  said(line: string): Promise<void>;
  readonly lines: string[];
  readonly exit: Promise<number | null>;
}

function start(mode: string, stdio: StdioOptions, env: Record<string, string> = {}): Run {
  const options = { stdio, env: { ...process.env, TIDECAST_PARENT_WATCH: '', ...env } };
  const child = [stdio].flat().includes('ipc')
    ? fork(program, [mode], options)
    : spawn(process.execPath, [program, mode], options);
  children.push(child);
  const lines: string[] = [];
  child.stdout?.on('data', (chunk: Buffer) => lines.push(...chunk.toString().split('\n').filter(Boolean)));
  return {
    child,
    lines,
    exit: once(child, 'exit').then(([code]) => code as number | null),
    said: async (line) => {
      while (!lines.includes(line)) await once(child.stdout ?? child, 'data');
    },
  };
}

const piped: StdioOptions = ['pipe', 'pipe', 'inherit'];
const watched = { TIDECAST_PARENT_WATCH: '1' };

describe('a program', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('ends cleanly on %s and says why', async (signal) => {
    const run = start('quick', piped);
    await run.said('ready');
    run.child.kill(signal);
    expect(await run.exit).toBe(0);
    expect(run.lines).toEqual(['ready', `ending ${signal}`, 'ended']);
  });

  it('ends once when the terminal and npm send the same Ctrl-C', async () => {
    const run = start('slow', piped);
    await run.said('ready');
    run.child.kill('SIGINT');
    await run.said('ending SIGINT');
    run.child.kill('SIGINT');
    expect(await run.exit).toBe(0);
    expect(run.lines).toEqual(['ready', 'ending SIGINT', 'ended']);
  });

  it('exits at once on a second signal that comes later', async () => {
    const run = start('stuck', piped);
    await run.said('ready');
    run.child.kill('SIGTERM');
    await run.said('impatient');
    run.child.kill('SIGTERM');
    expect(await run.exit).toBe(1);
  });

  it('exits with 1 when its handler fails, or takes too long', async () => {
    const failing = start('failing', piped);
    await failing.said('ready');
    failing.child.kill('SIGTERM');
    const late = start('late', piped);
    await late.said('ready');
    late.child.kill('SIGTERM');
    expect(await failing.exit).toBe(1);
    expect(await late.exit).toBe(1);
  });

  it('ends when the parent that it watches is gone, by IPC or by the pipe', async () => {
    const byIpc = start('quick', ['ignore', 'pipe', 'inherit', 'ipc'], watched);
    await byIpc.said('ready');
    byIpc.child.disconnect();
    expect(await byIpc.exit).toBe(0);
    expect(byIpc.lines).toContain('ending parent-gone');

    const byPipe = start('quick', piped, watched);
    await byPipe.said('ready');
    byPipe.child.stdin?.end();
    expect(await byPipe.exit).toBe(0);
    expect(byPipe.lines).toContain('ending parent-gone');
  });

  it('leaves Ctrl-C to the parent that it watches', async () => {
    const run = start('quick', piped, watched);
    await run.said('ready');
    run.child.kill('SIGINT');
    run.child.kill('SIGTERM');
    expect(await run.exit).toBe(0);
    expect(run.lines).toEqual(['ready', 'ending SIGTERM', 'ended']);
  });
});
