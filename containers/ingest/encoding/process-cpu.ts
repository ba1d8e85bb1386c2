import { readFileSync } from 'node:fs';

/** Linux counts CPU time in ticks of 1/100 s for user space, whatever the kernel's own clock (USER_HZ). */
const ticksPerSecond = 100;

/** CPU seconds of a process so far; undefined where there is no /proc, or no such process any more. */
export function processCpuSeconds(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The second field is the name in parentheses and may itself hold spaces: count from behind it (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks / ticksPerSecond : undefined;
}
