import { execFile, type ChildProcess } from 'node:child_process';
import { promisify } from 'node:util';

/** Process and parent of everything that runs; nothing where there is no `ps`. */
async function parents(): Promise<readonly (readonly [pid: number, parent: number])[]> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=']);
    return stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number))
      .map(([pid = 0, parent = 0]) => [pid, parent] as const);
  } catch {
    return [];
  }
}

function descendants(
  pid: number,
  all: readonly (readonly [pid: number, parent: number])[],
): readonly number[] {
  const found = [pid];
  // Grows while it is walked: children of children come after their parents.
  for (const one of found) for (const [child, parent] of all) if (parent === one) found.push(child);
  return found.slice(1);
}

/**
 * SIGKILL for a program and what it started. Without `ps` its ffmpegs see their pipes close, and end a moment
 * later by themselves.
 */
export async function killTree(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  // Stopped first, so that nothing is started between the look and the kill.
  child.kill('SIGSTOP');
  const pids = descendants(child.pid, await parents());
  child.kill('SIGKILL');
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended with its parent.
    }
  }
}
