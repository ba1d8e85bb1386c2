#!/usr/bin/env node
// `npx tidecast …`: plain JavaScript, as the Node that starts it may be an older one; run.mjs hands over to Node 24.
process.argv.splice(2, 0, 'tidecast');
await import('../setup/run.mjs');
