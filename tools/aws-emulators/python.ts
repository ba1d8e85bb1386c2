/**
 * The public emulators of AWS are Python programs. They are installed into a virtual environment of their own,
 * in a folder that git does not see, from wherever this machine's pip gets its packages.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Exact, because test/aws knows by number what each gets wrong. */
const requirements = ['moto[server]==5.2.3', 'ministack==1.4.21'];

const folder = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'aws-emulators');
const venv = join(folder, 'venv');
const stamp = join(folder, 'installed');

/** What test/aws needs is not on this machine and could not be got. */
export class EmulatorsMissing extends Error {
  override readonly name = 'EmulatorsMissing';
}

export const emulatorProgram = (name: 'moto_server' | 'ministack' | 'python'): string =>
  join(venv, 'bin', name);

const isInstalled = (): boolean =>
  existsSync(stamp) &&
  readFileSync(stamp, 'utf8') === requirements.join('\n') &&
  existsSync(emulatorProgram('moto_server')) &&
  existsSync(emulatorProgram('ministack'));

/** Names of index hosts and their credentials stand in pip's messages: only the last line's words are shown. */
const lastLine = (output: string): string =>
  (output.trim().split('\n').at(-1) ?? '').replaceAll(/\bhttps?:\/\/\S+/g, '(an address)');

const run = (command: string, args: readonly string[]): Promise<string | undefined> =>
  new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code) => resolve(code === 0 ? undefined : lastLine(errors) || `exit ${code}`));
  });

/** @throws EmulatorsMissing with what to do about it. */
export async function ensureEmulators(): Promise<void> {
  if (isInstalled()) return;
  const python = ['python3', 'python'].find(
    (name) => spawnSync(name, ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))']).status === 0,
  );
  if (python === undefined)
    throw new EmulatorsMissing(
      'the tests against emulators of AWS need Python 3.10 or newer:\n\n  apt-get install python3 python3-venv\n',
    );
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  console.log(`Installing ${requirements.join(' and ')} for the tests; this takes half a minute …`);
  const noVenv = await run(python, ['-m', 'venv', venv]);
  if (noVenv !== undefined)
    throw new EmulatorsMissing(
      `Python could not make a virtual environment (${noVenv}):\n\n  apt-get install python3-venv\n`,
    );
  const noPackages = await run(emulatorProgram('python'), [
    '-m',
    'pip',
    'install',
    '--quiet',
    ...requirements,
  ]);
  if (noPackages !== undefined)
    throw new EmulatorsMissing(
      `pip could not install ${requirements.join(' and ')} (${noPackages}).\n` +
        'It uses this machine\'s own settings (pip config list); "npm test" does not need it.',
    );
  writeFileSync(stamp, requirements.join('\n'));
}
