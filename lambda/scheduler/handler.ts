/** The scheduler as a Lambda: EventBridge Scheduler invokes it every minute, one bundle, no layers. */
import { Logger } from '@aws-lambda-powertools/logger';
import { readPolicy } from '../../core/environment/policy.ts';
import { readEnvironment } from '../../core/environment/read.ts';
import { schedulerEnvironment } from '../../core/environment/scheduler.ts';
import type { Policy } from '../../core/fleet/policy.ts';
import type { FleetStore, Infrastructure } from '../../core/fleet/ports.ts';
import { tableNames } from '../../core/tables.ts';
import { createTableClient } from '../../runtime/store/tables/client.ts';
import { createFleetTable } from '../../runtime/store/tables/fleet.ts';
import { createClients } from './aws/clients.ts';
import { createImages, type Images } from './aws/images.ts';
import { createAwsInfrastructure } from './aws/infrastructure.ts';
import { createMetrics, type CloudWatchMetrics } from './aws/metrics.ts';
import { whatIsMissing } from './aws/readiness.ts';
import { runScheduler, type SchedulerResult } from './loop.ts';

/** What of a Lambda's context is used. */
type Context = Parameters<Logger['addContext']>[0];

/** Before the function is killed: the last pass's report and the metrics have to be through. */
const marginMs = 5_000;

interface Scheduler {
  readonly infrastructure: Infrastructure;
  readonly images: Images;
  readonly store: FleetStore;
  readonly metrics: CloudWatchMetrics;
  readonly policy: Policy;
  readonly log: Logger;
}

/** Lives as long as the function's process does: connections, and what never changes, are kept. */
let kept: Scheduler | undefined;
let isReady = false;

function create(): Scheduler {
  const environment = readEnvironment(schedulerEnvironment, process.env);
  const log = new Logger({
    serviceName: 'tidecast-scheduler',
    logLevel: environment.LOG_LEVEL,
    persistentKeys: { fleet: environment.FLEET },
  });
  const given = readPolicy(environment.POLICY);
  const clients = createClients({ region: environment.AWS_REGION });
  const images = createImages({
    client: clients.ecs,
    family: environment.TASK_FAMILY,
    container: environment.CONTAINER,
    now: Date.now,
  });
  const tables = createTableClient({
    region: environment.AWS_REGION,
    endpoint: environment.DYNAMODB_ENDPOINT,
  });
  return {
    infrastructure: createAwsInfrastructure({ clients, images, environment, now: Date.now }),
    images,
    store: createFleetTable({ client: tables, tables: tableNames(environment.TABLE_PREFIX), now: Date.now }),
    metrics: createMetrics({ client: clients.cloudWatch, fleet: environment.FLEET }),
    // Whether there is a domain is known from the zone; nobody has to say it twice.
    policy: { ...given, hasDomain: environment.ZONE_ID !== undefined },
    log,
  };
}

export async function handler(
  _event: unknown,
  context: Context,
): Promise<SchedulerResult | { readonly kind: 'not-ready'; readonly missing: string }> {
  const until = Date.now() + context.getRemainingTimeInMillis() - marginMs;
  const scheduler = (kept ??= create());
  const { log, metrics } = scheduler;
  log.addContext(context);
  if (!isReady) {
    const signal = AbortSignal.timeout(Math.max(0, until - Date.now()));
    const missing = await whatIsMissing({ ...scheduler, signal });
    if (missing !== undefined) {
      log.warn('nothing is done', { missing });
      return { kind: 'not-ready', missing };
    }
    isReady = true;
  }
  try {
    const result = await runScheduler({ ...scheduler, until });
    log.info('invocation done', { result });
    return result;
  } finally {
    await metrics
      .flush()
      .catch((error: unknown) => log.warn('could not publish the metrics', { error: String(error) }));
  }
}
