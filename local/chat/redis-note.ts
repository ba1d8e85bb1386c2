/** Which Redis serves a shard: written by the program that starts it, read by its successor and by tests of faults. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const note = z.object({ pid: z.number().int().positive(), port: z.number().int().positive() });
export type RedisNote = z.output<typeof note>;

const fileIn = (folder: string): string => join(folder, 'redis.json');

export function noteRedis(folder: string, written: RedisNote): void {
  writeFileSync(fileIn(folder), `${JSON.stringify(written)}\n`);
}

export function readNote(folder: string): RedisNote | undefined {
  if (!existsSync(fileIn(folder))) return undefined;
  try {
    return note.parse(JSON.parse(readFileSync(fileIn(folder), 'utf8')));
  } catch {
    // The machine went down while it was written.
    return undefined;
  }
}

/** Whether the process is still that Redis: it shows its address in its title, and ids of processes are used again. */
async function isThatRedis({ pid, port }: RedisNote): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'args=', '-p', String(pid)]);
    return /redis|valkey/.test(stdout) && stdout.includes(`127.0.0.1:${port}`);
  } catch {
    return false;
  }
}

/** A Redis whose program was killed -9 still has the port: it is ended. */
export async function endLeftover(folder: string): Promise<void> {
  const before = readNote(folder);
  if (before === undefined || !(await isThatRedis(before))) return;
  process.kill(before.pid, 'SIGKILL');
  while (await isThatRedis(before)) await new Promise((resolve) => setTimeout(resolve, 10));
}
