/** `npm run check`: types, lint, format, and the rules of the house; all at once, each with its time. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findings, type SourceFile } from './rules.ts';

const root = join(import.meta.dirname, '..', '..');
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);

interface Outcome {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
  readonly output: string;
}

function runProgram(name: string, command: string, args: readonly string[]): Promise<Outcome> {
  const start = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
    const done = (ok: boolean, extra = ''): void =>
      resolve({
        name,
        ok,
        seconds: (performance.now() - start) / 1000,
        output: Buffer.concat(output).toString() + extra,
      });
    child.on('error', (error) => done(false, error.message));
    child.on('close', (code) => done(code === 0));
  });
}

/** Tracked files and new ones that git does not ignore; text only. */
function projectFiles(): readonly SourceFile[] {
  const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
  });
  const paths = listed.stdout.toString().split('\0');
  return paths
    .filter((path) => /\.(ts|tsx|mjs|json|md|css|html|yml)$/.test(path) && existsSync(join(root, path)))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

function runRules(): Outcome {
  const start = performance.now();
  const found = findings(projectFiles(), root);
  const output = found.map((finding) => `${finding.path}: ${finding.message}`).join('\n');
  return { name: 'rules', ok: found.length === 0, seconds: (performance.now() - start) / 1000, output };
}

const outcomes = await Promise.all([
  runProgram('types', bin('tsc'), ['-p', '.']),
  runProgram('lint', bin('oxlint'), [
    '--type-aware',
    '--deny-warnings',
    '--report-unused-disable-directives',
  ]),
  runProgram('format', bin('oxfmt'), ['--check', '.']),
  Promise.resolve(runRules()),
]);

for (const { name, ok, seconds, output } of outcomes) {
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(7)} ${seconds.toFixed(1)} s`);
  if (!ok) console.log(output.trimEnd());
}
process.exitCode = outcomes.every((outcome) => outcome.ok) ? 0 : 1;
