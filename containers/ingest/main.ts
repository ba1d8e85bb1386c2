/** The ingest task: RTMP in, ffmpeg, LL-HLS out, archive. */
import { readFileSync } from 'node:fs';
import { ingestEnvironment } from '../../core/environment/ingest.ts';
import { readEnvironment } from '../../core/environment/read.ts';
import { announceReady } from '../../runtime/lifecycle/ready.ts';
import { onShutdown } from '../../runtime/lifecycle/shutdown.ts';
import { createLogger } from '../../runtime/telemetry/log.ts';
import { startIngest } from './ingest.ts';

const environment = readEnvironment(ingestEnvironment, process.env);
const log = createLogger('ingest', environment.LOG_LEVEL).child({
  task: environment.TASK_ID,
  slot: environment.SLOT,
});
const { RTMPS_CERT_FILE: certFile, RTMPS_KEY_FILE: keyFile } = environment;

const ingest = await startIngest({
  environment,
  tls:
    certFile === undefined || keyFile === undefined
      ? undefined
      : { cert: readFileSync(certFile), key: readFileSync(keyFile) },
  clock: { now: () => Date.now() },
  random: Math.random,
  log,
});
onShutdown(() => ingest.close(), { log });
log.info(ingest.ports, 'serving');
announceReady(ingest.ports);
