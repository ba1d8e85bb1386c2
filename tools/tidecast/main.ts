/** `npx tidecast`: gives the command this process to work with. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './cli.ts';
import type { Io } from './io.ts';

const { env, stdout, stderr } = process;

// `tidecast fleet | head -3` closes the pipe early: that is no error.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const mayColour = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';

const ending = new AbortController();

const io: Io = {
  env,
  out: (text) => void stdout.write(text),
  err: (text) => void stderr.write(text),
  // Read anew each time: the window may have been resized.
  get terminal() {
    return stdout.isTTY ? { columns: stdout.columns, rows: stdout.rows } : undefined;
  },
  colour: { out: mayColour(stdout), err: mayColour(stderr) },
  now: () => Date.now(),
  fetch,
  readFile: (path) => readFile(path, 'utf8'),
  writeFile: (path, text) => writeFile(path, text, { flag: 'wx' }),
  pause: (ms) =>
    new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        ending.signal.removeEventListener('abort', wake);
        resolve();
      }, ms);
      ending.signal.addEventListener('abort', wake, { once: true });
    }),
  ended: () => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => ending.abort());
    return ending.signal;
  },
  defaultData: join(import.meta.dirname, '..', '..', '.tidecast'),
};

process.exitCode = await run(io, process.argv.slice(2));
