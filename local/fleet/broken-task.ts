/** What `tidecast release --broken` releases: a program that runs, and never serves or says anything. */
import { announceReady } from '../../runtime/lifecycle/ready.ts';
import { onShutdown } from '../../runtime/lifecycle/shutdown.ts';

onShutdown(() => Promise.resolve());
process.on('message', (message) => {
  if (message === 'finish') process.exit(0);
});
announceReady({});
