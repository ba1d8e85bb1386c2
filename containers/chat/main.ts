/** The chat task: Socket.IO at /chat/<shard>/, fed by the shard's Redis. */
import { randomUUID } from 'node:crypto';
import { chatEnvironment } from '../../core/environment/chat.ts';
import { readEnvironment } from '../../core/environment/read.ts';
import { askEcs, watchOwnTask } from '../../runtime/lifecycle/ecs-task.ts';
import { announceReady } from '../../runtime/lifecycle/ready.ts';
import { onShutdown } from '../../runtime/lifecycle/shutdown.ts';
import { createLogger } from '../../runtime/telemetry/log.ts';
import { keepYoungSpaceSmall } from './memory.ts';
import { startChat } from './start.ts';

keepYoungSpaceSmall();
const environment = readEnvironment(chatEnvironment, process.env);
const taskId = environment.TASK_ID ?? randomUUID();
const log = createLogger('chat', environment.LOG_LEVEL).child({ task: taskId, shard: environment.SHARD });
const chat = await startChat({ environment, taskId, log });
/** The last slice is sent away at DRAIN_S; its sockets need a moment to close. */
const goodbyeMs = 5_000;
const shutdown = onShutdown(() => chat.close(), {
  log,
  drain: { wait: () => chat.drain(), deadlineMs: environment.DRAIN_S * 1_000 + goodbyeMs },
});
const { ECS_CONTAINER_METADATA_URI_V4: metadataUri } = process.env;
if (metadataUri !== undefined)
  watchOwnTask({
    metadataUri,
    ask: await askEcs(environment.AWS_REGION),
    leave: () => shutdown.leave(),
    log,
    random: Math.random,
  });
log.info({ port: chat.port }, 'serving');
announceReady({ http: chat.port });
