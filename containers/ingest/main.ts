/** The ingest task: RTMP in, ffmpeg, LL-HLS out, archive. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ingestEnvironment } from '../../core/environment/ingest.ts';
import { readEnvironment } from '../../core/environment/read.ts';
import { announceReady } from '../../runtime/lifecycle/ready.ts';
import { onShutdown } from '../../runtime/lifecycle/shutdown.ts';
import { createLogger } from '../../runtime/telemetry/log.ts';
import { taskIdFromEcs } from './fleet/task-id.ts';
import { startIngest } from './ingest.ts';

const environment = readEnvironment(ingestEnvironment, process.env);
const taskId =
  environment.TASK_ID ?? (await taskIdFromEcs(process.env['ECS_CONTAINER_METADATA_URI_V4'], delay));
const log = createLogger('ingest', environment.LOG_LEVEL).child({ task: taskId, slot: environment.SLOT });
const { RTMPS_CERT_FILE: certFile, RTMPS_KEY_FILE: keyFile } = environment;

const ingest = await startIngest({
  environment,
  taskId,
  tls:
    certFile === undefined || keyFile === undefined
      ? undefined
      : { cert: readFileSync(certFile), key: readFileSync(keyFile) },
  clock: { now: () => Date.now() },
  random: Math.random,
  log,
});
// Before it serves: it may be told to go while it still waits for the fleet to hear it.
const shutdown = onShutdown(() => ingest.close(), {
  log,
  drain: { wait: () => ingest.drain(), deadlineMs: environment.DRAIN_DEADLINE_S * 1000 },
});
void ingest.finishOrdered.then(() => shutdown.finish());
const ports = await ingest.serve();
log.info(ports, 'serving');
announceReady(ports);
