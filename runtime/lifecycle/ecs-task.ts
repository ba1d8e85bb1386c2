import type { Logger } from '../telemetry/log.ts';

/** What ECS means this task to do, as it last said; undefined when it doesn't know the task. */
export type AskForTask = (task: OwnTask) => Promise<TaskStatus | undefined>;

export interface OwnTask {
  readonly cluster: string;
  readonly arn: string;
}

export interface TaskStatus {
  readonly desired: string | undefined;
  readonly last: string | undefined;
}

/**
 * 200 tasks ask some 15 times a second, which is below the 20 that ECS answers all the time; the scheduler asks too.
 */
const everyMs = 15_000;

/**
 * A service's task that is to go is first taken out of its load balancer, and only when that is done does it get SIGTERM
 * (ECS: “Optimize load balancer connection draining”). Done means: no connection is left, or the deregistration delay is
 * over and those that are left have been cut, all at once. So a task with long connections asks by itself whether it is
 * to go, and has sent everybody away in good time.
 * @returns ends it
 */
export function watchOwnTask(options: {
  /** ECS_CONTAINER_METADATA_URI_V4 */
  readonly metadataUri: string;
  readonly ask: AskForTask;
  readonly leave: () => void;
  readonly log: Logger;
  /** 0 ≤ x < 1 */
  readonly random: () => number;
  readonly fetch?: typeof globalThis.fetch;
  readonly everyMs?: number;
}): () => void {
  const { metadataUri, log } = options;
  let own: OwnTask | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isFailing = false;
  let hasEnded = false;

  const look = async (): Promise<void> => {
    try {
      own ??= await readOwnTask(metadataUri, options.fetch ?? fetch);
      const status = await options.ask(own);
      isFailing = false;
      if (status !== undefined && isToGo(status) && !hasEnded) {
        hasEnded = true;
        options.leave();
      }
    } catch (error) {
      // Then SIGTERM says it, later.
      if (!isFailing) log.warn({ err: error }, 'could not ask ECS whether this task is to go');
      isFailing = true;
    }
    if (!hasEnded) again();
  };
  const again = (): void => {
    // Tasks of one deployment began together: they don't ask together.
    const waitMs = (options.everyMs ?? everyMs) * (0.75 + 0.25 * options.random());
    timer = setTimeout(() => void look(), waitMs).unref();
  };
  again();
  return () => {
    hasEnded = true;
    clearTimeout(timer);
  };
}

const isToGo = ({ desired, last }: TaskStatus): boolean => desired === 'STOPPED' || last === 'DEACTIVATING';

const metadataWithinMs = 2_000;

async function readOwnTask(uri: string, get: typeof globalThis.fetch): Promise<OwnTask> {
  const answer = await get(`${uri}/task`, { signal: AbortSignal.timeout(metadataWithinMs) });
  const { Cluster: cluster, TaskARN: arn } = (await answer.json()) as Readonly<Record<string, unknown>>;
  if (typeof cluster !== 'string' || typeof arn !== 'string')
    throw new Error(`the metadata of this task name no task (status ${answer.status})`);
  return { cluster, arn };
}

/** The real one: `ecs:DescribeTasks`. Loaded only where there is ECS. */
export async function askEcs(region: string): Promise<AskForTask> {
  const { DescribeTasksCommand, ECSClient } = await import('@aws-sdk/client-ecs');
  const client = new ECSClient({
    region,
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
  });
  return async ({ cluster, arn }) => {
    const { tasks = [] } = await client.send(new DescribeTasksCommand({ cluster, tasks: [arn] }));
    const [task] = tasks;
    return task === undefined ? undefined : { desired: task.desiredStatus, last: task.lastStatus };
  };
}
