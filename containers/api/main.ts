/** The HTTP API: channels, broadcasts, playback. */
import { apiEnvironment } from '../../core/environment/api.ts';
import { readEnvironment } from '../../core/environment/read.ts';
import { announceReady } from '../../runtime/lifecycle/ready.ts';
import { onShutdown } from '../../runtime/lifecycle/shutdown.ts';
import { createLogger } from '../../runtime/telemetry/log.ts';
import { startApi } from './start.ts';

const environment = readEnvironment(apiEnvironment, process.env);
const log = createLogger('api', environment.LOG_LEVEL);
const api = await startApi({ environment, log });
onShutdown(() => api.close(), { log });
log.info({ port: api.port }, 'serving');
announceReady({ http: api.port });
