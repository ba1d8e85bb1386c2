import {
  ConflictException,
  DescribeTasksCommand,
  paginateListTasks,
  RunTaskCommand,
  StopTaskCommand,
  type ECSClient,
  type Task,
} from '@aws-sdk/client-ecs';
import type { InfrastructureAction } from '../../../core/fleet/decision.ts';
import { FleetCallError } from '../../../core/fleet/ports.ts';
import type { TaskFact } from '../../../core/fleet/snapshot.ts';
import { call, callUnless } from './errors.ts';
import type { Images } from './images.ts';
import { chunks } from './pages.ts';

type Start = Extract<InfrastructureAction, { readonly kind: 'start-task' }>;
type Stop = Extract<InfrastructureAction, { readonly kind: 'stop-task' }>;

/** The ingest tasks: standalone ones (docs/decisions/0006). */
export interface Tasks {
  read(signal: AbortSignal): Promise<readonly TaskFact[]>;
  start(action: Start, signal: AbortSignal): Promise<void>;
  stop(action: Stop, signal: AbortSignal): Promise<void>;
}

const slotTag = 'tidecast:slot';
const hostTag = 'tidecast:host';

/** StopTask's reason is cut by ECS at some length that it does not name; this much is kept everywhere. */
const reasonLength = 255;

/** The task has been stopped so long ago that ECS has forgotten it. */
const isForgotten = (error: Error): boolean =>
  error.name === 'InvalidParameterException' && /task was not found/i.test(error.message);

export const taskIdOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

/** States of ECS in the order of a task's life: PROVISIONING … RUNNING, DEACTIVATING … STOPPED. */
function statusOf(task: Task): TaskFact['status'] {
  switch (task.lastStatus) {
    case 'PROVISIONING':
    case 'PENDING':
    case 'ACTIVATING':
      return task.desiredStatus === 'STOPPED' ? 'stopping' : 'pending';
    case 'RUNNING':
      return task.desiredStatus === 'STOPPED' ? 'stopping' : 'running';
    case 'STOPPED':
    case 'DELETED':
      return 'stopped';
    default:
      return 'stopping';
  }
}

/** Why it ended: the task's own reason, and the container's where it knows more (a pull that failed, an exit code). */
function endOf(task: Task): string | undefined {
  if (task.desiredStatus !== 'STOPPED') return undefined;
  const containers = task.containers ?? [];
  const reasons = containers.map(({ reason }) => reason);
  const exits = containers.map(({ exitCode }) => (exitCode === undefined ? undefined : `exit ${exitCode}`));
  const parts = [task.stoppedReason, ...reasons, ...exits].filter(
    (part) => part !== undefined && part !== '',
  );
  return parts.length === 0 ? undefined : parts.join('; ');
}

const tagOf = (task: Task, key: string): string | undefined =>
  task.tags?.find((tag) => tag.key === key)?.value;

export function createTasks(parts: {
  readonly client: ECSClient;
  readonly images: Images;
  readonly cluster: string;
  readonly container: string;
}): Tasks {
  const { client, images, cluster, container } = parts;

  async function list(desiredStatus: 'RUNNING' | 'STOPPED', signal: AbortSignal): Promise<readonly string[]> {
    const found: string[] = [];
    const pages = paginateListTasks(
      { client, pageSize: 100 },
      { cluster, desiredStatus },
      { abortSignal: signal },
    );
    for await (const { taskArns = [] } of pages) found.push(...taskArns);
    return found;
  }

  async function describe(arns: readonly string[], signal: AbortSignal): Promise<readonly Task[]> {
    const answers = await Promise.all(
      chunks(arns, 100).map((tasks) =>
        client.send(new DescribeTasksCommand({ cluster, tasks, include: ['TAGS'] }), { abortSignal: signal }),
      ),
    );
    // One that was listed and is MISSING now has been forgotten in between: as good as not listed.
    return answers.flatMap(({ tasks = [] }) => tasks);
  }

  async function fact(task: Task, signal: AbortSignal): Promise<TaskFact | undefined> {
    const slot = tagOf(task, slotTag);
    const hostId = tagOf(task, hostTag);
    const { taskArn, taskDefinitionArn, createdAt, stoppedAt } = task;
    // Without our tags it is somebody else's.
    if (
      slot === undefined ||
      hostId === undefined ||
      taskArn === undefined ||
      taskDefinitionArn === undefined
    )
      return undefined;
    const reported = task.containers?.find(({ name }) => name === container)?.imageDigest;
    const stoppedReason = endOf(task);
    return {
      taskId: taskIdOf(taskArn),
      hostId,
      slot,
      // What it was started with. The container's own digest is of one platform's manifest where the image
      // is an index (notes: aws.md B2), and would look like another image.
      digest: (await images.digestOf(taskDefinitionArn, signal)) ?? reported ?? 'unknown',
      status: statusOf(task),
      // From when it was asked for: a pull that never ends is a task that does not come up.
      startedAt: (createdAt ?? task.startedAt)?.getTime() ?? 0,
      ...(stoppedAt === undefined ? {} : { stoppedAt: stoppedAt.getTime() }),
      ...(stoppedReason === undefined ? {} : { stoppedReason }),
    };
  }

  return {
    read: async (signal) => {
      // One after the other: a task that is stopped meanwhile is then in both. Side by side it could be missing
      // from both, and its host would look free.
      const running = await call('list the tasks', list('RUNNING', signal));
      const stopped = await call('list the stopped tasks', list('STOPPED', signal));
      const tasks = await call(
        'describe the tasks',
        describe([...new Set([...running, ...stopped])], signal),
      );
      const facts = await Promise.all(tasks.map((task) => fact(task, signal)));
      return facts.filter((task) => task !== undefined);
    },

    start: async (action, signal) => {
      const { slot, hostId, digest, token } = action;
      const doing = `start a task for ${slot} on ${hostId}`;
      const taskDefinition = await images.pinned(digest, signal);
      const command = new RunTaskCommand({
        cluster,
        taskDefinition,
        launchType: 'EC2',
        count: 1,
        clientToken: token,
        startedBy: slot,
        placementConstraints: [{ type: 'memberOf', expression: `ec2InstanceId == ${hostId}` }],
        overrides: {
          containerOverrides: [
            {
              name: container,
              environment: [
                { name: 'SLOT', value: slot },
                { name: 'HOST_ID', value: hostId },
                { name: 'IMAGE_DIGEST', value: digest },
              ],
            },
          ],
        },
        tags: [
          { key: slotTag, value: slot },
          { key: hostTag, value: hostId },
        ],
      });
      const answer = await callUnless(
        doing,
        // The token has been used with another revision of the task definition: its task exists.
        (error) => error instanceof ConflictException,
        client.send(command, { abortSignal: signal }),
      );
      const failures = answer?.failures ?? [];
      if (answer !== undefined && (answer.tasks ?? []).length === 0)
        throw new FleetCallError(
          `could not ${doing}: ${failures.map(({ reason, detail }) => detail ?? reason).join(', ') || 'ECS placed nothing'}`,
          { kind: 'refused' },
        );
    },

    stop: async ({ taskId, reason }, signal) => {
      await callUnless(
        `stop the task ${taskId}`,
        isForgotten,
        client.send(new StopTaskCommand({ cluster, task: taskId, reason: reason.slice(0, reasonLength) }), {
          abortSignal: signal,
        }),
      );
    },
  };
}
