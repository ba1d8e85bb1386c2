import { ECSClient, RegisterTaskDefinitionCommand, RunTaskCommand } from '@aws-sdk/client-ecs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { InfrastructureAction } from '../../core/fleet/decision.ts';
import { emulatorOptions } from '../../tools/aws-emulators/gaps/direct.ts';
import { stackNames } from '../../tools/aws-emulators/stack.ts';
import { setStage, useEmulatedAws, type Stage } from './stage.ts';

// What is of AWS alone; what every side of the port must do stands in the contract.
const aws = useEmulatedAws();
const { signal } = new AbortController();
let stage: Stage;
beforeEach(async () => {
  stage = await setStage(aws());
  return () => stage.close();
});

const act = (action: InfrastructureAction): Promise<void> => stage.infrastructure.act(action, signal);

const callsOf = (operation: string): readonly unknown[] =>
  stage.aws.proxy.calls.filter(({ call }) => call.operation === operation).map(({ call }) => call.input);

async function bootHost(): Promise<string> {
  await act({ kind: 'set-desired', hosts: 1 });
  await stage.settle();
  const [host] = await stage.observer.read('hosts', signal);
  return host?.hostId ?? '';
}

const startOn = (hostId: string, digest: string, token = 'token-1'): InfrastructureAction => ({
  kind: 'start-task',
  hostId,
  slot: 'in-01',
  digest,
  token,
});

describe('addresses in AWS', () => {
  it('names the quota that it meets', async () => {
    stage.aws.addressQuota = 1;
    await act({ kind: 'allocate-address', slot: 'in-01' });
    await expect(act({ kind: 'allocate-address', slot: 'in-02' })).rejects.toMatchObject({
      kind: 'limit',
      limit: 'address quota',
    });
  });

  it('has one address when the answer to its allocation was lost: the SDK does not ask again', async () => {
    stage.aws.proxy.faults.add({ service: 'ec2', operation: 'AllocateAddress', kind: 'lost-reply' });
    await expect(act({ kind: 'allocate-address', slot: 'in-01' })).rejects.toMatchObject({
      kind: 'unreachable',
    });
    await act({ kind: 'allocate-address', slot: 'in-01' });
    expect(callsOf('AllocateAddress')).toHaveLength(1);
    expect(await stage.observer.read('addresses', signal)).toHaveLength(1);
  });
});

describe('images in AWS', () => {
  it('starts the image that works although the release tag is gone', async () => {
    const digest = await stage.stack.release('first');
    const hostId = await bootHost();
    stage.aws.proxy.faults.add({
      service: 'ecr',
      kind: 'error',
      code: 'ImageNotFoundException',
      status: 400,
      times: 99,
    });
    await act(startOn(hostId, digest));
    expect(await stage.observer.read('tasks', signal)).toMatchObject([{ hostId, digest }]);
    await expect(stage.infrastructure.read('release', signal)).rejects.toMatchObject({ kind: 'refused' });
  });

  it('tells the task its slot, its host and its image, and marks it with them', async () => {
    const digest = await stage.stack.release('first');
    const hostId = await bootHost();
    await act(startOn(hostId, digest));
    expect(stage.aws.tasks.all).toMatchObject([
      { instanceId: hostId, environment: { SLOT: 'in-01', HOST_ID: hostId, IMAGE_DIGEST: digest } },
    ]);
    expect(callsOf('RunTask')).toMatchObject([{ clientToken: 'token-1', startedBy: 'in-01', count: 1 }]);
  });

  it('registers an image once, and finds it again after a cold start', async () => {
    const digest = await stage.stack.release('first');
    const hostId = await bootHost();
    await act(startOn(hostId, digest));
    await stage.restarted().act(startOn(hostId, digest), signal);
    expect(callsOf('RegisterTaskDefinition')).toMatchObject([
      { family: `${stackNames.TASK_FAMILY}-${digest.slice(7, 19)}`, networkMode: 'host' },
    ]);
    expect(await stage.observer.read('tasks', signal)).toHaveLength(1);
  });

  it("copies the stack's task definition anew when a deployment has changed it", async () => {
    const digest = await stage.stack.release('first');
    const hostId = await bootHost();
    await act(startOn(hostId, digest));
    const ecs = new ECSClient(emulatorOptions(stage.aws.url));
    await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: stackNames.TASK_FAMILY,
        networkMode: 'host',
        containerDefinitions: [
          { name: stackNames.CONTAINER, image: 'localhost:5000/test/ingest:release', memory: 4096 },
        ],
      }),
    );
    ecs.destroy();
    const anew = stage.restarted();
    await anew.act(startOn(hostId, digest, 'token-2'), signal);
    expect(callsOf('RegisterTaskDefinition')).toMatchObject([
      { containerDefinitions: [{ memory: 2048 }] },
      { containerDefinitions: [{ memory: 4096, image: `localhost:5000/test/ingest@${digest}` }] },
    ]);
  });
});

describe('tasks in AWS', () => {
  it('takes a token that was used with another revision for the same start', async () => {
    const digest = await stage.stack.release('first');
    const hostId = await bootHost();
    const ecs = new ECSClient(emulatorOptions(stage.aws.url));
    await ecs.send(
      new RunTaskCommand({
        cluster: stackNames.CLUSTER,
        taskDefinition: stackNames.TASK_FAMILY,
        clientToken: 'token-1',
        placementConstraints: [{ type: 'memberOf', expression: `ec2InstanceId == ${hostId}` }],
      }),
    );
    ecs.destroy();
    await act(startOn(hostId, digest));
    expect(stage.aws.tasks.all).toHaveLength(1);
  });

  it('leaves tasks without our tags out: they are somebody else’s', async () => {
    const hostId = await bootHost();
    const ecs = new ECSClient(emulatorOptions(stage.aws.url));
    await ecs.send(
      new RunTaskCommand({
        cluster: stackNames.CLUSTER,
        taskDefinition: stackNames.TASK_FAMILY,
        placementConstraints: [{ type: 'memberOf', expression: `ec2InstanceId == ${hostId}` }],
      }),
    );
    ecs.destroy();
    expect(await stage.infrastructure.read('tasks', signal)).toEqual([]);
  });

  it('refuses a second task on a host, and says what ECS says', async () => {
    const digest = await stage.stack.release('first');
    const hostId = await bootHost();
    await act(startOn(hostId, digest));
    await expect(act(startOn(hostId, digest, 'token-2'))).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('RESOURCE:PORTS') as string,
    });
  });

  it('refuses a host whose agent is not connected, and does not call it ready', async () => {
    const digest = await stage.stack.release('first');
    const hostId = await bootHost();
    stage.aws.containerInstances.setConnected(hostId, false);
    expect(await stage.infrastructure.read('hosts', signal)).toMatchObject([{ hostId, ready: false }]);
    await expect(act(startOn(hostId, digest))).rejects.toMatchObject({ kind: 'refused' });
  });

  it('says why a task ended by itself', async () => {
    const digest = await stage.stack.release('first');
    await act(startOn(await bootHost(), digest));
    const [task] = stage.aws.tasks.all;
    if (task === undefined) throw new Error('no task was started');
    task.containerReason = 'CannotPullContainerError: manifest unknown';
    await stage.aws.tasks.fail(task, { stopCode: 'TaskFailedToStart', reason: 'Task failed to start' });
    const [fact] = await stage.infrastructure.read('tasks', signal);
    expect(fact).toMatchObject({
      status: 'stopped',
      stoppedReason: 'Task failed to start; CannotPullContainerError: manifest unknown',
    });
  });

  it('takes a listed task that is missing when it is described for gone', async () => {
    const digest = await stage.stack.release('first');
    await act(startOn(await bootHost(), digest));
    stage.aws.proxy.faults.add({
      service: 'ecs',
      operation: 'DescribeTasks',
      kind: 'rewrite',
      transform: 'all-missing',
    });
    expect(await stage.infrastructure.read('tasks', signal)).toEqual([]);
    expect(await stage.infrastructure.read('tasks', signal)).toHaveLength(1);
  });
});
