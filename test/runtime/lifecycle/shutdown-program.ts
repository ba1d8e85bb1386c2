/** A program that ends in the way its argument names; prints what happens. */
import { setTimeout as delay } from 'node:timers/promises';
import { onShutdown } from '../../../runtime/lifecycle/shutdown.ts';

const [, , mode] = process.argv;

async function drain(): Promise<void> {
  console.log('draining');
  if (mode === 'drain-failing') throw new Error('as asked');
  if (mode === 'drain-quick') await delay(300);
  else {
    await delay(550);
    console.log('still draining');
    await delay(60_000);
  }
  console.log('drained');
}

const shutdown = onShutdown(
  async (reason) => {
    console.log(`ending ${reason}`);
    if (mode === 'slow') await delay(300);
    if (mode === 'failing') throw new Error('as asked');
    if (mode === 'stuck') {
      // Past the time in which a second signal counts as the same key press.
      await delay(550);
      console.log('impatient');
    }
    if (mode === 'stuck' || mode === 'late') await delay(60_000);
    console.log('ended');
  },
  {
    deadlineMs: mode === 'late' ? 100 : 30_000,
    ...(mode?.startsWith('drain') === true
      ? { drain: { wait: drain, deadlineMs: mode === 'drain-late' ? 100 : 30_000 } }
      : {}),
  },
);
// It learns that it is to go.
process.on('SIGUSR2', () => shutdown.leave());
setInterval(() => undefined, 1_000);
console.log('ready');
