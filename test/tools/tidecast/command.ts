import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../tools/tidecast/cli.ts';
import type { Installation } from './installation.ts';

const main = join(import.meta.dirname, '..', '..', '..', 'tools', 'tidecast', 'main.ts');

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Nothing of the machine's own settings; times are printed in UTC. */
export const bareEnvironment = { PATH: process.env['PATH'] ?? '', TZ: 'UTC' };

/** Runs the command as a person does: a process of its own, its streams piped. */
export async function tidecast(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...bareEnvironment, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const output = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...output };
}

/** The same without a process of its own, which is most of the time that a call takes. */
export async function tidecastHere(installation: Installation, args: readonly string[]): Promise<Ended> {
  const output = { out: '', err: '' };
  const code = await run(
    {
      env: { TIDECAST_TOKEN: installation.token },
      out: (text) => void (output.out += text),
      err: (text) => void (output.err += text),
      terminal: undefined,
      colour: { out: false, err: false },
      now: () => installation.clockMs,
      fetch,
      readFile: (path) => readFile(path, 'utf8'),
      writeFile: () => Promise.reject(new Error('nothing is written here')),
      pause: () => Promise.resolve(),
      ended: () => new AbortController().signal,
      defaultData: installation.data,
    },
    [...args, '--url', installation.url],
  );
  return { code, ...output };
}

/** With the address of the installation and the token of an operator. */
export const tidecastAt = (
  installation: Installation,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> =>
  tidecast([...args, '--url', installation.url, '--data', installation.data], {
    env: { TIDECAST_TOKEN: installation.token, ...env },
  });
