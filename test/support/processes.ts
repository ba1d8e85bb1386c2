import { readFileSync, readdirSync } from 'node:fs';

export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
}

/** Processes of this machine, from proc(5). */
export function processes(): readonly ProcessFacts[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const [, command = '', rest = ''] =
          /^\d+ \((.*)\) (.*)$/s.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
        const [state, parent] = rest.split(' ');
        // Z: has ended, its parent has not asked yet.
        return state === 'Z' ? [] : [{ pid: Number(name), parent: Number(parent), name: command }];
      } catch {
        return [];
      }
    });
}

export const childrenOf = (pid: number): readonly ProcessFacts[] =>
  processes().filter((process) => process.parent === pid);

export const isRunning = (pid: number): boolean => processes().some((process) => process.pid === pid);

/** Children, their children, and so on. */
export function descendantsOf(pid: number): readonly ProcessFacts[] {
  const all = processes();
  const found: ProcessFacts[] = [];
  const parents = [pid];
  for (let parent = parents.pop(); parent !== undefined; parent = parents.pop())
    for (const process of all)
      if (process.parent === parent) {
        found.push(process);
        parents.push(process.pid);
      }
  return found;
}
