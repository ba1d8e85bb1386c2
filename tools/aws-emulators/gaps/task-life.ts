import type { Gap } from '../proxy/proxy.ts';
import { AwsRefusal, bodyOf, withBody, type Answer } from '../proxy/wire.ts';
import type { LedgerTask, TaskLedger } from './task-ledger.ts';

const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);

interface WireTask {
  readonly taskArn: string;
  readonly containers?: readonly { readonly image?: string }[];
}

/** A task as ECS would describe it at its point of life. `imageDigest` is the manifest that was pulled. */
const described = (task: WireTask, life: LedgerTask): unknown => ({
  ...task,
  lastStatus: life.lastStatus,
  desiredStatus: life.desiredStatus,
  createdAt: seconds(life.createdAt),
  startedAt: seconds(life.startedAt),
  stoppedAt: seconds(life.stoppedAt),
  stopCode: life.stopCode,
  stoppedReason: life.stoppedReason,
  launchType: 'EC2',
  containers: (task.containers ?? []).map((container) =>
    Object.assign({}, container, {
      lastStatus: life.lastStatus === 'STOPPED' ? 'STOPPED' : 'RUNNING',
      reason: life.containerReason,
      exitCode: life.lastStatus === 'STOPPED' && life.startedAt !== undefined ? 0 : undefined,
      // Of one platform, where the image is an index: unlike the digest that was asked for.
      imageDigest: life.startedAt === undefined ? undefined : `sha256:${'a'.repeat(64)}`,
    }),
  ),
});

const patched = (answer: Answer, ledger: TaskLedger, key: 'tasks' | 'task'): Answer => {
  const body = bodyOf(answer);
  const patch = (task: WireTask): unknown => {
    const life = ledger.find(task.taskArn);
    return life === undefined ? task : described(task, life);
  };
  const value = body[key] as WireTask & readonly WireTask[];
  return withBody(answer, { ...body, [key]: key === 'tasks' ? value.map(patch) : patch(value) });
};

/**
 * moto has no lives of tasks: they run at once, stop at once, have no times and no imageDigest; what is not
 * there is left out instead of MISSING; to stop what is not there is a 500; a dead instance's tasks run on.
 */
export function taskLifeGaps(ledger: TaskLedger): readonly Gap[] {
  const describe: Gap = {
    name: 'DescribeTasks: life cycle, times, imageDigest, MISSING',
    document: 'AmazonECS/latest/developerguide/task-lifecycle-explanation.html, api_failures_messages.html',
    service: 'ecs',
    operations: ['DescribeTasks'],
    handle: async (call, next) => {
      const asked = (call.input['tasks'] ?? []) as readonly string[];
      if (asked.length > 100) throw new AwsRefusal(400, 'InvalidParameterException', 'at most 100 tasks');
      await ledger.notice();
      const answer = patched(await next(call), ledger, 'tasks');
      const body = bodyOf(answer);
      const found = (body['tasks'] as readonly WireTask[]).map(({ taskArn }) => taskArn);
      const missing = asked.filter((id) => !found.some((arn) => arn === id || arn.endsWith(`/${id}`)));
      return withBody(answer, { ...body, failures: missing.map((arn) => ({ arn, reason: 'MISSING' })) });
    },
  };
  const list: Gap = {
    name: "ListTasks: tasks of an instance that is gone don't run",
    document: 'AmazonECS/latest/developerguide/stopped-task-error-codes.html (Host EC2 … terminated)',
    service: 'ecs',
    operations: ['ListTasks'],
    handle: async (call, next) => {
      await ledger.notice();
      return next(call);
    },
  };
  const stop: Gap = {
    name: 'StopTask: unknown tasks, twice, on the way down',
    document: 'AmazonECS/latest/APIReference/API_StopTask.html',
    service: 'ecs',
    operations: ['StopTask'],
    handle: async (call, next) => {
      const { task, reason } = call.input;
      const life = ledger.find(String(task));
      if (life === undefined)
        throw new AwsRefusal(400, 'InvalidParameterException', 'The referenced task was not found.');
      if (life.desiredStatus === 'RUNNING') {
        const answer = await next(call);
        if (answer.status !== 200) return answer;
        life.desiredStatus = 'STOPPED';
        life.stopCode = 'UserInitiated';
        life.stoppedReason = typeof reason === 'string' ? reason : undefined;
        return patched(answer, ledger, 'task');
      }
      // moto would count the cluster's running tasks down a second time.
      const { arn, lastStatus, desiredStatus } = life;
      return {
        status: 200,
        headers: { 'content-type': 'application/x-amz-json-1.1' },
        body: Buffer.from(JSON.stringify({ task: { taskArn: arn, lastStatus, desiredStatus } })),
      };
    },
  };
  return [describe, list, stop];
}
