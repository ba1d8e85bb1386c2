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

describe('a program that drains', () => {
  const byIpc: StdioOptions = ['ignore', 'pipe', 'inherit', 'ipc'];

  it.each(['SIGTERM', 'SIGINT'] as const)('waits for its work on %s, and ends then', async (signal) => {
    const run = start('drain-quick', piped);
    await run.said('ready');
    run.child.kill(signal);
    await run.said('draining');
    // The same key press again, while it drains.
    run.child.kill(signal);
    expect(await run.exit).toBe(0);
    expect(run.lines).toEqual(['ready', 'draining', 'drained', `ending ${signal}`, 'ended']);
  });

  it('finishes at once, and cleanly, on a second signal that comes later', async () => {
    const run = start('drain', piped);
    await run.said('ready');
    run.child.kill('SIGTERM');
    await run.said('still draining');
    run.child.kill('SIGTERM');
    expect(await run.exit).toBe(0);
    expect(run.lines).toEqual(['ready', 'draining', 'still draining', 'ending SIGTERM', 'ended']);
  });

  it('drains when it learns that it is to go, and is not hurried by learning it again', async () => {
    const run = start('drain-quick', piped);
    await run.said('ready');
    run.child.kill('SIGUSR2');
    await run.said('draining');
    run.child.kill('SIGUSR2');
    expect(await run.exit).toBe(0);
    expect(run.lines).toEqual(['ready', 'draining', 'drained', 'ending leave', 'ended']);
  });

  it('is not hurried by learning late what a signal has said', async () => {
    const run = start('drain', piped);
    await run.said('ready');
    run.child.kill('SIGTERM');
    await run.said('still draining');
    run.child.kill('SIGUSR2');
    run.child.kill('SIGTERM');
    expect(await run.exit).toBe(0);
    expect(run.lines).toEqual(['ready', 'draining', 'still draining', 'ending SIGTERM', 'ended']);
  });

  it('finishes when the drain takes too long, or fails', async () => {
    for (const mode of ['drain-late', 'drain-failing']) {
      const run = start(mode, piped);
      await run.said('ready');
      run.child.kill('SIGTERM');
      expect(await run.exit).toBe(0);
      expect(run.lines).toEqual(['ready', 'draining', 'ending SIGTERM', 'ended']);
    }
  });

  it('does not wait when its parent is gone, or when the parent says so', async () => {
    const orphan = start('drain', byIpc, watched);
    await orphan.said('ready');
    orphan.child.disconnect();
    expect(await orphan.exit).toBe(0);
    expect(orphan.lines).toEqual(['ready', 'ending parent-gone', 'ended']);

    const told = start('drain', byIpc, watched);
    await told.said('ready');
    told.child.send({ finish: true });
    expect(await told.exit).toBe(0);
    expect(told.lines).toEqual(['ready', 'ending finish', 'ended']);
  });

  it('finishes when it is told so while it drains, whichever of signal and message comes first', async () => {
    const draining = start('drain', byIpc, watched);
    await draining.said('ready');
    draining.child.kill('SIGTERM');
    await draining.said('draining');
    draining.child.send({ finish: true });
    expect(await draining.exit).toBe(0);
    expect(draining.lines).toEqual(['ready', 'draining', 'ending finish', 'ended']);

    const slow = start('slow', byIpc, watched);
    await slow.said('ready');
    slow.child.send('finish');
    await slow.said('ending finish');
    slow.child.kill('SIGTERM');
    expect(await slow.exit).toBe(0);
    expect(slow.lines).toEqual(['ready', 'ending finish', 'ended']);
  });
});
