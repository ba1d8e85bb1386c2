// Brings node_modules in line with package-lock.json. Plain JavaScript, like programs.mjs.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const readPackages = (file) => JSON.parse(readFileSync(file, 'utf8')).packages ?? {};

/** True when every package of the lock file is installed in that version (npm keeps its own list in node_modules). */
export function packagesInstalled(root) {
  const installedFile = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile) || !existsSync(nodeProgram(root))) return false;
  const installed = readPackages(installedFile);
  return Object.entries(readPackages(join(root, 'package-lock.json'))).every(
    // Optional ones are for other platforms; '' is this project itself.
    ([path, wanted]) =>
      path === '' || wanted.optional === true || installed[path]?.version === wanted.version,
  );
}

/** Node 24, installed as a package, so that an older system Node is enough to begin with. */
export const nodeProgram = (root) => join(root, 'node_modules', 'node', 'bin', 'node');

export function ensurePackagesInstalled(root) {
  if (packagesInstalled(root)) return;
  // On stderr, as all that is not the answer: stdout may be read by a program.
  console.error('Installing packages (npm ci) …');
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['inherit', process.stderr, 'inherit'],
  });
  if (result.error !== undefined) throw new Error(`npm could not be started: ${result.error.message}`);
  if (result.status !== 0)
    throw new Error(`npm ci failed (exit ${result.status}); its own message stands above`);
  if (!packagesInstalled(root)) {
    throw new Error(
      'npm ci ended well but packages are missing: delete node_modules and run the same command again',
    );
  }
}
