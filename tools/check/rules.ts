/**
 * Rules of the house that no linter knows: which room may import which, how long a file may be, what must
 * not stand in a commit. Pure: files in, findings out.
 */
export interface SourceFile {
  /** Relative to the repository, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface Finding {
  readonly path: string;
  readonly message: string;
}

/** What a room may import besides itself (design section 2). Tests and benches may import everything. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  core: [],
  runtime: ['core'],
  'containers/ingest': ['runtime', 'core'],
  'containers/api': ['runtime', 'core'],
  'containers/chat': ['runtime', 'core'],
  'lambda/scheduler': ['runtime', 'core'],
  'lambda/gate': ['core'],
  web: ['core'],
  lib: ['core'],
  bin: ['lib', 'core'],
  // They may also start what containers and lambda export.
  local: ['runtime', 'core', 'containers', 'lambda', 'web', 'tools/setup'],
  tools: ['runtime', 'core', 'containers', 'lambda', 'local'],
};

/** Libraries that the pure rooms may use: they do no I/O. */
const pureLibraries = new Set(['zod']);

const maxLines = 400;

const roomOf = (path: string): string | undefined =>
  Object.keys(allowed).find((room) => path === room || path.startsWith(`${room}/`));

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s(?:[^'";]*?\sfrom\s)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/g;

function resolve(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const step of specifier.split('/')) {
    if (step === '..') parts.pop();
    else if (step !== '.') parts.push(step);
  }
  return parts.join('/');
}

export function* importsOf(file: SourceFile): Generator<string> {
  for (const match of file.text.matchAll(importPattern)) {
    const specifier = match[1] ?? match[2];
    if (specifier !== undefined) yield specifier;
  }
}

function* arrowFindings(file: SourceFile): Generator<Finding> {
  const room = roomOf(file.path);
  if (room === undefined) return;
  for (const specifier of importsOf(file)) {
    if (specifier.startsWith('.')) {
      const target = resolve(file.path, specifier);
      const ok = [room, ...(allowed[room] ?? [])].some((r) => target === r || target.startsWith(`${r}/`));
      if (!ok)
        yield {
          path: file.path,
          message: `imports ${target}: ${room} may import only itself and ${(allowed[room] ?? []).join(', ') || 'nothing'}`,
        };
    } else if (room === 'core' && !pureLibraries.has(specifier)) {
      yield {
        path: file.path,
        message: `imports ${specifier}: core does no I/O; libraries allowed there: ${[...pureLibraries].join(', ')}`,
      };
    }
  }
}

function* lengthFindings(file: SourceFile): Generator<Finding> {
  const lines = file.text.split('\n').length - 1;
  if (/\.(ts|tsx|mjs|css)$/.test(file.path) && lines > maxLines) {
    yield {
      path: file.path,
      message: `${lines} lines; the limit is ${maxLines}: would two rooms be clearer?`,
    };
  }
}

function* textFindings(file: SourceFile, machinePath: string): Generator<Finding> {
  if (file.text.includes(machinePath))
    yield { path: file.path, message: `names a path of this machine (${machinePath})` };
  if (file.path.startsWith('test/') && /\b(?:it|test|describe)\.(?:only|skip|todo)\(/.test(file.text)) {
    yield { path: file.path, message: 'a test is focused, skipped or still to be written' };
  }
  if (file.path === 'package-lock.json' && file.text.includes('"resolved": "http')) {
    yield {
      path: file.path,
      message: 'names a package registry: install with omit-lockfile-registry-resolved=true',
    };
  }
}

/** @param machinePath where this checkout lies; must not stand in any file. */
export function findings(files: readonly SourceFile[], machinePath: string): readonly Finding[] {
  return files.flatMap((file) => [
    ...arrowFindings(file),
    ...lengthFindings(file),
    ...textFindings(file, machinePath),
  ]);
}
