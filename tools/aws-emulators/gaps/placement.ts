import type { Gap } from '../proxy/proxy.ts';
import { AwsRefusal, bodyOf, jsonAnswer, rewritten, withBody } from '../proxy/wire.ts';
import type { ContainerInstances } from './container-instances.ts';
import type { Direct } from './direct.ts';
import type { TaskLedger } from './task-ledger.ts';

interface RunTask {
  readonly cluster: string;
  readonly taskDefinition: string;
  readonly count?: number;
  readonly startedBy?: string;
  readonly tags?: unknown;
  readonly overrides?: {
    readonly containerOverrides?: readonly {
      readonly environment?: readonly { readonly name: string; readonly value: string }[];
    }[];
  };
  readonly group?: string;
  readonly placementConstraints?: readonly { readonly type: string; readonly expression?: string }[];
}

const noPlace = (reason: string) => jsonAnswer({ tasks: [], failures: [{ reason }] });

/**
 * moto ignores placementConstraints and takes any instance, and where nothing fits it says nothing. Here the
 * one constraint that we use is understood, and the task is put there by moto's own StartTask.
 */
export function placementGap(parts: {
  readonly direct: Direct;
  readonly ledger: TaskLedger;
  readonly instances: ContainerInstances;
}): Gap {
  const { direct, ledger, instances } = parts;
  return {
    name: 'RunTask.placementConstraints, host ports',
    document:
      'AmazonECS/latest/developerguide/task-placement-constraints.html, api_failures_messages.html (RESOURCE:*)',
    service: 'ecs',
    operations: ['RunTask'],
    handle: async (call, next) => {
      const input = call.input as unknown as RunTask;
      if ((input.count ?? 1) !== 1)
        throw new AwsRefusal(400, 'ClientException', 'the emulation places one task');
      await ledger.notice();
      const registered = await instances.active();
      if (registered.length === 0)
        throw new AwsRefusal(
          400,
          'InvalidParameterException',
          'No Container Instances were found in your cluster.',
        );
      const wanted = input.placementConstraints?.flatMap(
        ({ expression }) => /^ec2InstanceId == (i-[0-9a-f]+)$/.exec(expression ?? '')?.[1] ?? [],
      );
      const place = registered.find(({ instanceId }) => wanted?.includes(instanceId) === true);
      if (place === undefined) return noPlace('MemberOf placement constraint unsatisfied.');
      if (!place.connected) return noPlace('AGENT');
      const ports = await direct.hostPorts(input.taskDefinition);
      const taken = new Set(
        ledger.all
          .filter(({ instanceId, lastStatus }) => instanceId === place.instanceId && lastStatus !== 'STOPPED')
          .flatMap((task) => task.ports),
      );
      if (ports.some((port) => taken.has(port))) return noPlace('RESOURCE:PORTS');

      const { cluster, taskDefinition, startedBy, tags, overrides, group } = input;
      const answer = await next(
        rewritten(
          call,
          { cluster, taskDefinition, startedBy, tags, overrides, group, containerInstances: [place.arn] },
          'StartTask',
        ),
      );
      if (answer.status !== 200) return answer;
      const body = bodyOf(answer);
      const tasks = (body['tasks'] as readonly { readonly taskArn: string }[]).map((task) => {
        ledger.add({
          arn: task.taskArn,
          cluster,
          instanceId: place.instanceId,
          slot: startedBy ?? '',
          ports,
          environment: Object.fromEntries(
            (overrides?.containerOverrides ?? [])
              .flatMap(({ environment = [] }) => environment)
              .map(({ name, value }) => [name, value]),
          ),
        });
        return Object.assign({}, task, { lastStatus: 'PROVISIONING', launchType: 'EC2' });
      });
      return withBody(answer, { ...body, tasks, failures: [] });
    },
  };
}
