import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

const spoolName = 'spool';

/** Where a host's tasks keep what object storage has not confirmed. */
export const spoolOf = (fleetFolder: string, hostId: string): string => join(fleetFolder, hostId, spoolName);

/** Folders of hosts, in the order of their ids. */
async function hostFolders(fleetFolder: string): Promise<readonly string[]> {
  const entries = await readdir(fleetFolder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Removes the folder of a host that is gone; one whose spool still holds something stays, to be adopted. */
export async function forgetHostFolder(fleetFolder: string, hostId: string): Promise<void> {
  const spool = spoolOf(fleetFolder, hostId);
  for (const broadcast of await namesIn(spool)) {
    if (!(await removeEmpty(join(spool, broadcast)))) return;
  }
  await rm(join(fleetFolder, hostId), { recursive: true, force: true });
}

/**
 * Takes over what hosts that are no more left in their spools, so that their recordings become complete: on
 * AWS that disk is lost with its host, here it is the same one. Before any task of the new host runs.
 * @returns how many broadcasts were taken over
 */
export async function adoptSpools(options: {
  readonly fleetFolder: string;
  readonly hostId: string;
  /** Hosts that live: their spools are theirs. */
  readonly living: ReadonlySet<string>;
}): Promise<number> {
  const { fleetFolder, hostId, living } = options;
  const own = spoolOf(fleetFolder, hostId);
  await mkdir(own, { recursive: true });
  const adopted = new Set<string>();
  for (const other of await hostFolders(fleetFolder)) {
    if (other === hostId || living.has(other)) continue;
    const left = spoolOf(fleetFolder, other);
    for (const broadcast of await namesIn(left)) {
      if (await merge(join(left, broadcast), join(own, broadcast))) adopted.add(broadcast);
    }
    await forgetHostFolder(fleetFolder, other);
  }
  return adopted.size;
}

/** Moves what is in a folder, files into what is there already. @returns whether there was anything */
async function merge(from: string, to: string): Promise<boolean> {
  let moved = false;
  const entries = await readdir(from, { withFileTypes: true });
  if (entries.length > 0) await mkdir(to, { recursive: true });
  for (const entry of entries) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    // A name says session, run and number of what it holds: two files of one name hold the same.
    if (entry.isDirectory()) moved = (await merge(source, target)) || moved;
    else {
      await rename(source, target);
      moved = true;
    }
  }
  await rmdir(from);
  return moved;
}

/** Removes folders in which there is no file. */
async function removeEmpty(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries)
    if (!entry.isDirectory() || !(await removeEmpty(join(folder, entry.name)))) return false;
  await rmdir(folder);
  return true;
}
