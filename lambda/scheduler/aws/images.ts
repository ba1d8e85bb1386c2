import {
  DescribeTaskDefinitionCommand,
  RegisterTaskDefinitionCommand,
  type ContainerDefinition,
  type ECSClient,
  type TaskDefinition,
} from '@aws-sdk/client-ecs';
import { FleetCallError } from '../../../core/fleet/ports.ts';
import { call, callUnless } from './errors.ts';

/** Task definitions, one family for each image: the image is pinned by its digest. */
export interface Images {
  /** ARN of a task definition that runs this image and is otherwise as the stack's now is. */
  pinned(digest: string, signal: AbortSignal): Promise<string>;
  /** Digest that a task definition pins; undefined when it pins none. */
  digestOf(taskDefinitionArn: string, signal: AbortSignal): Promise<string | undefined>;
  /** @throws FleetCallError when the stack's task definition is not there, or not of our container. */
  checkBase(signal: AbortSignal): Promise<void>;
}

/** Tag of a pinned task definition: the revision of the stack's that it was copied from. */
const copiedFrom = 'tidecast:copied-from';

/** A deployment changes the stack's task definition now and then: it is asked for again after this. */
const baseAgeMs = 60_000;

const isMissing = (error: Error): boolean =>
  error.name === 'ClientException' && /unable to describe task definition/i.test(error.message);

/** `registry/name:tag@sha256:…` without tag and digest. A colon before a slash belongs to a port. */
const repositoryOf = (image: string): string => image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');

const digestIn = (image: string | undefined): string | undefined =>
  /@(sha256:[0-9a-f]{64})$/.exec(image ?? '')?.[1];

export function createImages(parts: {
  readonly client: ECSClient;
  readonly family: string;
  readonly container: string;
  readonly now: () => number;
}): Images {
  const { client, family, container, now } = parts;
  let base: { readonly at: number; readonly definition: Promise<TaskDefinition> } | undefined;
  // Revisions never change: what was read once holds for good.
  const digests = new Map<string, Promise<string | undefined>>();
  const pins = new Map<string, { readonly base: string; readonly arn: string }>();

  const describe = (taskDefinition: string, signal: AbortSignal): ReturnType<typeof send> =>
    send(new DescribeTaskDefinitionCommand({ taskDefinition, include: ['TAGS'] }), signal);
  const send = (command: DescribeTaskDefinitionCommand, signal: AbortSignal) =>
    client.send(command, { abortSignal: signal });

  const ours = (definition: TaskDefinition): ContainerDefinition | undefined =>
    definition.containerDefinitions?.find(({ name }) => name === container);

  async function readBase(signal: AbortSignal): Promise<TaskDefinition> {
    const { taskDefinition } = await call(`describe the task definition ${family}`, describe(family, signal));
    if (taskDefinition === undefined || ours(taskDefinition)?.image === undefined)
      throw new FleetCallError(`the task definition ${family} has no container ${container}`, {
        kind: 'refused',
      });
    return taskDefinition;
  }

  function currentBase(signal: AbortSignal): Promise<TaskDefinition> {
    if (base !== undefined && now() - base.at < baseAgeMs) return base.definition;
    const asked = { at: now(), definition: readBase(signal) };
    base = asked;
    asked.definition.catch(() => {
      if (base === asked) base = undefined;
    });
    return asked.definition;
  }

  async function find(
    name: string,
    digest: string,
    from: string,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const found = await callUnless(`describe the task definition ${name}`, isMissing, describe(name, signal));
    const definition = found?.taskDefinition;
    const isOfBase = found?.tags?.some(({ key, value }) => key === copiedFrom && value === from) === true;
    if (definition === undefined || !isOfBase || digestIn(ours(definition)?.image) !== digest)
      return undefined;
    return definition.taskDefinitionArn;
  }

  async function register(
    name: string,
    digest: string,
    from: TaskDefinition,
    signal: AbortSignal,
  ): Promise<string> {
    const containerDefinitions = (from.containerDefinitions ?? []).map((definition) =>
      definition.name === container
        ? Object.assign({}, definition, { image: `${repositoryOf(definition.image ?? '')}@${digest}` })
        : definition,
    );
    // Named one by one: what the description has beside these (ARN, revision, status …) is not for registering.
    // Repeated after a lost answer it makes a second, equal revision, which harms nobody.
    const command = new RegisterTaskDefinitionCommand({
      family: name,
      containerDefinitions,
      volumes: from.volumes,
      networkMode: from.networkMode,
      taskRoleArn: from.taskRoleArn,
      executionRoleArn: from.executionRoleArn,
      placementConstraints: from.placementConstraints,
      requiresCompatibilities: from.requiresCompatibilities,
      cpu: from.cpu,
      memory: from.memory,
      pidMode: from.pidMode,
      ipcMode: from.ipcMode,
      runtimePlatform: from.runtimePlatform,
      ephemeralStorage: from.ephemeralStorage,
      proxyConfiguration: from.proxyConfiguration,
      tags: [{ key: copiedFrom, value: from.taskDefinitionArn ?? '' }],
    });
    const { taskDefinition } = await call(
      `register the task definition ${name}`,
      client.send(command, { abortSignal: signal }),
    );
    if (taskDefinition?.taskDefinitionArn === undefined)
      throw new FleetCallError(`ECS registered ${name} without saying its name`, { kind: 'unreachable' });
    return taskDefinition.taskDefinitionArn;
  }

  async function readDigest(arn: string, signal: AbortSignal): Promise<string | undefined> {
    const { taskDefinition } = await call(`describe the task definition ${arn}`, describe(arn, signal));
    return taskDefinition === undefined ? undefined : digestIn(ours(taskDefinition)?.image);
  }

  async function resolve(digest: string, from: TaskDefinition, signal: AbortSignal): Promise<string> {
    const baseArn = from.taskDefinitionArn ?? '';
    const known = pins.get(digest);
    if (known?.base === baseArn) return known.arn;
    const name = `${family}-${digest.replace('sha256:', '').slice(0, 12)}`;
    const arn = (await find(name, digest, baseArn, signal)) ?? (await register(name, digest, from, signal));
    pins.set(digest, { base: baseArn, arn });
    return arn;
  }

  // Twenty starts of one image in a pass want one revision, not twenty.
  const resolving = new Map<string, Promise<string>>();

  return {
    checkBase: async (signal) => {
      await currentBase(signal);
    },
    pinned: async (digest, signal) => {
      const from = await currentBase(signal);
      const under = resolving.get(digest);
      if (under !== undefined) return under;
      const mine = resolve(digest, from, signal).finally(() => resolving.delete(digest));
      resolving.set(digest, mine);
      return mine;
    },
    digestOf: (arn, signal) => {
      // Also while the answer is on its way: a hundred tasks of one image ask at once.
      const known = digests.get(arn);
      if (known !== undefined) return known;
      const asked = readDigest(arn, signal);
      digests.set(arn, asked);
      asked.catch(() => digests.delete(arn));
      return asked;
    },
  };
}
