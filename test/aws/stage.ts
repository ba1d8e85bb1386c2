import { afterAll, beforeAll } from 'vitest';
import { readEnvironment } from '../../core/environment/read.ts';
import { schedulerEnvironment } from '../../core/environment/scheduler.ts';
import { slotNames } from '../../core/fleet/policy.ts';
import type { Infrastructure } from '../../core/fleet/ports.ts';
import { createClients, type ClientOptions } from '../../lambda/scheduler/aws/clients.ts';
import { createImages } from '../../lambda/scheduler/aws/images.ts';
import { createAwsInfrastructure } from '../../lambda/scheduler/aws/infrastructure.ts';
import { startEmulatedAws, type EmulatedAws } from '../../tools/aws-emulators/emulated-aws.ts';
import { emulatorOptions } from '../../tools/aws-emulators/gaps/direct.ts';
import { buildStack, stackNames, type Stack } from '../../tools/aws-emulators/stack.ts';

/** Emulators for one test file; answers with a way to get at them. */
export function useEmulatedAws(): () => EmulatedAws {
  let aws: EmulatedAws | undefined;
  beforeAll(async () => {
    aws = await startEmulatedAws(stackNames.CLUSTER);
  });
  afterAll(() => aws?.stop());
  return () => {
    if (aws === undefined) throw new Error('the emulators have not been started');
    return aws;
  };
}

export interface Stage {
  readonly aws: EmulatedAws;
  readonly stack: Stack;
  readonly infrastructure: Infrastructure;
  /** What hosts and tasks do of themselves: agents register, tasks come up or end. */
  settle(): Promise<void>;
  /** As a function that was started anew: nothing is remembered. */
  restarted(): Infrastructure;
  /** Sees the same, and meets no faults. */
  readonly observer: Infrastructure;
  close(): void;
}

/** The stack of an empty fleet in emulators that are as new, and the scheduler's side of it. */
export async function setStage(
  aws: EmulatedAws,
  options: { readonly slots?: number; readonly maxHosts?: number } = {},
): Promise<Stage> {
  await aws.reset();
  const stack = await buildStack({
    url: aws.url,
    slots: slotNames(options.slots ?? 3),
    maxHosts: options.maxHosts ?? 4,
  });
  // The SDK reads its endpoint and its credentials from the environment, as it does in a Lambda.
  Object.assign(process.env, stack.environment);
  const opened: { readonly close: () => void }[] = [];
  const openInfrastructure = (options: ClientOptions): Infrastructure => {
    const clients = createClients(options);
    opened.push(clients);
    const environment = readEnvironment(schedulerEnvironment, stack.environment);
    const images = createImages({
      client: clients.ecs,
      family: environment.TASK_FAMILY,
      container: environment.CONTAINER,
      now: Date.now,
    });
    return createAwsInfrastructure({ clients, images, environment, now: Date.now });
  };
  return {
    aws,
    stack,
    infrastructure: openInfrastructure({ region: stack.environment.AWS_REGION }),
    restarted: () => openInfrastructure({ region: stack.environment.AWS_REGION }),
    observer: openInfrastructure(emulatorOptions(aws.url)),
    settle: async () => {
      const registered = new Set((await aws.containerInstances.active()).map(({ instanceId }) => instanceId));
      for (const id of await stack.members())
        if (!registered.has(id)) await aws.containerInstances.register(id);
      await aws.tasks.notice();
      aws.tasks.settle();
    },
    close: () => {
      for (const clients of opened) clients.close();
      stack.close();
    },
  };
}
