// What `npm start`, `npm test` and the other scripts run: sets up what is missing, then hands over to Node 24.
import { spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePackagesInstalled, nodeProgram } from './packages.mjs';
import { ensurePrograms, findProgram, programs } from './programs.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Each command: the programs it needs and what Node 24 is given. */
const commands = {
  start: { needs: ['ffmpeg', 'redis'], script: 'local/main.ts' },
  // All but the project `aws`, which needs Python.
  test: {
    needs: ['ffmpeg', 'chromium', 'openssl', 'redis'],
    script: 'node_modules/vitest/vitest.mjs',
    args: ['run', '--project=!aws'],
  },
  // More at once than there are cores: they wait most of their time, for retries of the SDK.
  'test-aws': {
    needs: [],
    script: 'node_modules/vitest/vitest.mjs',
    args: ['run', '--project=aws', '--maxWorkers=3'],
  },
  check: { needs: [], script: 'tools/check/main.ts' },
  bench: { needs: ['ffmpeg', 'chromium', 'redis'], script: 'bench/main.ts' },
  simulate: { needs: [], script: 'tools/simulate/main.ts' },
  tidecast: { needs: [], script: 'tools/tidecast/main.ts', inCallersFolder: true },
  'fuzz-rtmp': { needs: ['ffmpeg'], script: 'tools/fuzz/rtmp.ts' },
};

/** Where the person stands: `npm run` changes to the checkout and says in INIT_CWD from where; npx stays. */
const callersFolder = () => (process.cwd() === root ? (process.env.INIT_CWD ?? root) : process.cwd());

const [name = '', ...args] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) {
  console.error(`unknown command '${name}': one of ${Object.keys(commands).join(', ')}`);
  process.exit(2);
}

try {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) throw new Error(`Node ${process.versions.node} is too old: install Node 20 or newer`);
  // Asking for help must not install anything that it does not need.
  ensurePackagesInstalled(root);
  if (!args.includes('--help')) ensurePrograms(command.needs);
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

const found = Object.fromEntries(
  command.needs
    .map((need) => [programs[need].variable, findProgram(programs[need])])
    .filter(([, path]) => path),
);
const child = spawn(nodeProgram(root), [join(root, command.script), ...(command.args ?? []), ...args], {
  cwd: command.inCallersFolder ? callersFolder() : root,
  stdio: 'inherit',
  env: {
    ...process.env,
    ...found,
    PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH ?? ''}`,
  },
});

// Ctrl-C at a terminal reaches the child as well; a SIGINT for this process alone has to be handed on. The
// child takes two within a second for one.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
// npm may be killed without a word to anybody: then this process has another parent.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) child.kill('SIGTERM');
}, 1000).unref();
child.on('error', (error) => {
  console.error(`could not start: ${error.message}`);
  process.exit(1);
});
child.on('exit', (code, signal) => {
  process.exit(signal === null ? (code ?? 1) : 128 + (signal === 'SIGINT' ? 2 : 15));
});
