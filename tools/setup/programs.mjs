// System programs that Tidecast uses, and how they get onto the machine.
// Plain JavaScript: it has to run on the system's own Node before anything is installed.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** @typedef {{ readonly names: readonly string[], readonly debianPackage: string, readonly variable: string, readonly why: string }} Program */

/** @type {Readonly<Record<string, Program>>} */
export const programs = {
  ffmpeg: { names: ['ffmpeg'], debianPackage: 'ffmpeg', variable: 'FFMPEG', why: 'makes the quality ladder' },
  openssl: {
    names: ['openssl'],
    debianPackage: 'openssl',
    variable: 'OPENSSL',
    why: 'makes certificates for tests of RTMPS',
  },
  // Debian starts a service of it on port 6379 after the installation. Nothing here uses that one: all that
  // Tidecast needs it starts itself, on free ports.
  redis: {
    names: ['redis-server', 'valkey-server'],
    debianPackage: 'redis-server',
    variable: 'REDIS_SERVER',
    why: 'carries the chat',
  },
  chromium: {
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    debianPackage: 'chromium',
    variable: 'CHROMIUM',
    why: 'plays the pages in tests',
  },
};

const isExecutable = (file) => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Absolute path of a program, or undefined. The program's variable (FFMPEG, CHROMIUM) wins over the PATH. */
export function findProgram(program) {
  const named = process.env[program.variable];
  if (named !== undefined && named !== '') return isExecutable(named) ? named : undefined;
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.flatMap((folder) => program.names.map((name) => join(folder, name))).find(isExecutable);
}

/** How this user may install Debian packages: the words before `apt-get`, or undefined when not at all. */
function aptPrefix() {
  if (spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0) return undefined;
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined;
}

function apt(prefix, args) {
  const [command = 'apt-get', ...rest] = [...prefix, 'apt-get', ...args];
  const result = spawnSync(command, rest, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return { ok: result.status === 0, errors: String(result.stderr) };
}

/**
 * Makes sure that the programs are there: installs what is missing when it may, else says the command to type.
 * @param {readonly string[]} names keys of `programs`, or Debian package names for what only benches need
 * @throws Error with the exact command when something is missing and can't be installed
 */
export function ensurePrograms(names) {
  const missing = names.map((name) => programs[name]).filter((program) => findProgram(program) === undefined);
  ensurePackages(
    missing.map((program) => program.debianPackage),
    missing.map((program) => `${program.names[0]} (${program.why})`),
  );
  const still = missing.filter((program) => findProgram(program) === undefined);
  if (still.length > 0) {
    throw new Error(
      `${still.map((p) => p.names[0]).join(', ')} was installed but is not on the PATH: ` +
        `set ${still.map((p) => p.variable).join(', ')} to the program's path`,
    );
  }
}

/** Installs Debian packages, given with words for people. Nothing to do for an empty list. */
export function ensurePackages(debianPackages, described = debianPackages) {
  if (debianPackages.length === 0) return;
  const command = `apt-get update && apt-get install -y --no-install-recommends ${debianPackages.join(' ')}`;
  const prefix = aptPrefix();
  if (prefix === undefined) {
    throw new Error(
      `missing: ${described.join(', ')}.\nInstall it with:\n\n  sudo sh -c '${command}'\n\nand run the same command again.`,
    );
  }
  console.log(`Installing ${described.join(', ')} with apt-get; this takes a minute or two …`);
  const install = ['install', '-y', '--no-install-recommends', ...debianPackages];
  // A fresh machine has no package lists; an old one has stale lists that name files which are gone.
  if (apt(prefix, install).ok) return;
  const update = apt(prefix, ['update']);
  const result = apt(prefix, install);
  if (!result.ok) {
    throw new Error(
      `apt-get could not install ${debianPackages.join(' ')}:\n${update.errors}${result.errors}\nTry by hand:\n\n  ${command}\n`,
    );
  }
}
