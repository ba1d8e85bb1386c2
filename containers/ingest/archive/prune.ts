import type { ArchiveOptions } from './archive.ts';
import { createArchiveBudget } from './budget.ts';
import { findArchive } from './find.ts';
import { defaultLimits } from './limits.ts';
import { Spool } from './spool.ts';

/**
 * Removes from the spool what another task, which goes on with the broadcast, has left behind in its playlists:
 * it can never be listed any more, and would be "not stored yet" until the end of the show. What could still
 * be listed stays. Rejects with ObjectStoreError when the archive can't be read.
 *
 * File by file, by what was there before the archive was read: the encoder may come back to this task at any moment.
 */
export async function pruneSpool(
  options: Pick<
    ArchiveOptions,
    'store' | 'broadcastId' | 'plan' | 'spoolDir' | 'budget' | 'limits' | 'clock' | 'random' | 'log'
  >,
): Promise<void> {
  const { store, broadcastId, plan, spoolDir, clock, random } = options;
  const budget = options.budget ?? createArchiveBudget({});
  const limits = { ...defaultLimits, ...options.limits };
  const log = options.log.child({ broadcast: broadcastId });
  const spool = new Spool({ spoolDir, broadcastId, allowance: budget.spool });
  const { inits } = await spool.scan();
  const access = { store, budget, limits, clock, random, log, mayPublish: () => false };
  const { leftovers, useless } = await findArchive({ access, spool, broadcastId, plan });
  const wanted = new Set(leftovers.map(({ rendition, run }) => `${rendition}/${run}`));
  const passed = [
    ...useless,
    ...inits.filter(({ rendition, run }) => !wanted.has(`${rendition}/${run}`)).map(({ file }) => file),
  ];
  for (const file of passed) await spool.remove(file);
  await spool.removeEmptyFolders();
  if (passed.length > 0)
    log.info({ files: passed.length }, 'removed files of the spool that another task has gone past');
}
