import { execFile } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import type { ECSClient } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { createHttp } from '../../../containers/ingest/http.ts';
import { ingestEnvironment } from '../../../core/environment/ingest.ts';
import { readEnvironment } from '../../../core/environment/read.ts';
import { createImages } from '../../../lambda/scheduler/aws/images.ts';
import { createTasks } from '../../../lambda/scheduler/aws/tasks.ts';
import { readConfig, type TidecastConfig } from '../../../lib/config.ts';
import { taskPartitions } from '../../../lib/ingest/access.ts';
import { sizesOf } from '../../../lib/ingest/sizes.ts';
import { instanceFacts } from '../../../lib/instances.ts';
import { shardsPlace } from '../../../runtime/store/tables/chat-items.ts';
import { fleetKinds, peersKey } from '../../../runtime/store/tables/fleet-items.ts';
import { domain } from '../synthesise.ts';
import {
  at,
  container,
  environment,
  only,
  said,
  synthesiseIngest,
  type Json,
  type JsonObject,
} from './templates.ts';

const config: TidecastConfig = {
  region: 'ap-northeast-1',
  profile: 'small',
  domain,
  ingest: { ladder: '720p,360p', policy: { graceMs: 90_000, cpu: { high: 0.65 } } },
};
const { ingest } = synthesiseIngest(config);
const definition = only(ingest, 'AWS::ECS::TaskDefinition');
const { policy, instance } = readConfig(config).ingest;
const signal = new AbortController().signal;

/** A property of a template as the API has it: names begin small. */
const inApi = (value: Json | undefined): unknown => {
  if (Array.isArray(value)) return value.map((each: Json) => inApi(each));
  if (typeof value !== 'object' || value === null) return value;
  if (Object.keys(value).some((key) => key.startsWith('Fn::') || key === 'Ref')) return said(value);
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([key, part]) => [
      (key[0] ?? '').toLowerCase() + key.slice(1),
      inApi(part),
    ]),
  );
};

/** The stack's task definition as ECS describes it; what else the scheduler asks for is noted. */
function describedEcs() {
  const asked: { readonly name: string; readonly input: Record<string, unknown> }[] = [];
  const arn = 'arn:aws:ecs:ap-northeast-1:111122223333:task-definition/tidecast-ingest:7';
  const client = {
    send: async (command: {
      readonly constructor: { readonly name: string };
      readonly input: Record<string, unknown>;
    }) => {
      const { name } = command.constructor;
      asked.push({ name, input: command.input });
      if (name === 'RegisterTaskDefinitionCommand')
        return { taskDefinition: { taskDefinitionArn: `${arn}-copy` } };
      if (name === 'RunTaskCommand') return { tasks: [{}] };
      if (command.input['taskDefinition'] === 'tidecast-ingest')
        return { taskDefinition: { ...(inApi(definition) as object), taskDefinitionArn: arn } };
      throw Object.assign(new Error('Unable to describe task definition.'), { name: 'ClientException' });
    },
  } as unknown as ECSClient;
  const inputOf = (name: string): Record<string, unknown> | undefined =>
    asked.find((each) => each.name === name)?.input;
  return { client, inputOf };
}

const digest = `sha256:${'ab'.repeat(32)}`;

async function start(): Promise<(name: string) => Record<string, unknown> | undefined> {
  const { client, inputOf } = describedEcs();
  const family = said(definition['Family']);
  const name = said(container(ingest)['Name']);
  const images = createImages({ client, family, container: name, now: Date.now });
  const tasks = createTasks({ client, images, cluster: 'cluster', container: name });
  const action = {
    kind: 'start-task',
    slot: 'in-01',
    hostId: 'i-0123456789abcdef0',
    digest,
    token: 'token',
  } as const;
  await tasks.start(action, signal);
  return inputOf;
}

describe('the environment of a task', () => {
  it('is what its program reads, with what the scheduler says at the start', async () => {
    const { overrides } = (await start())('RunTaskCommand') as {
      readonly overrides: {
        readonly containerOverrides: readonly {
          readonly name: string;
          readonly environment: readonly { readonly name: string; readonly value: string }[];
        }[];
      };
    };
    const [override] = overrides.containerOverrides;
    expect(override?.name).toBe(said(container(ingest)['Name']));
    const atStart = Object.fromEntries((override?.environment ?? []).map(({ name, value }) => [name, value]));
    const read = readEnvironment(ingestEnvironment, { ...environment(ingest), ...atStart });
    expect(read).toMatchObject({
      SLOT: 'in-01',
      HOST_ID: 'i-0123456789abcdef0',
      IMAGE_DIGEST: digest,
      AWS_REGION: 'ap-northeast-1',
      TABLE_PREFIX: 'tidecast',
      ROOM_POINTS: policy.hosts.roomPoints,
      CPU_HIGH: 0.65,
      GRACE_WINDOW_S: 90,
      LADDER: '720p,360p',
      FRONT_URL: 'rtmp://ingest.live.example.com:1935/live',
    });
    expect(read.OBJECT_STORE).toMatch(/^s3:\/\/.*Archive/);
  });

  it('lacks nothing but what is said at the start', () => {
    expect(() => readEnvironment(ingestEnvironment, environment(ingest))).toThrow(
      /^[^:]*:\n {2}SLOT: [^\n]*$/,
    );
  });

  it('has no variable that the program does not know', () => {
    for (const name of Object.keys(environment(ingest)))
      expect(Object.keys(ingestEnvironment.shape)).toContain(name);
  });
});

describe('a copy of the task for one image', () => {
  it('loses nothing of what the stack says', async () => {
    const registered = (await start())('RegisterTaskDefinitionCommand') ?? {};
    const { family, tags, containerDefinitions, ...copied } = JSON.parse(
      JSON.stringify(registered),
    ) as Record<string, unknown>;
    const {
      family: ours,
      tags: _,
      containerDefinitions: containers,
      ...rest
    } = inApi(definition) as Record<string, unknown>;
    expect(copied).toEqual(rest);
    expect(family).toBe(`${String(ours)}-${digest.slice(7, 19)}`);
    expect(tags).toBeDefined();
    const [first] = containers as readonly Record<string, unknown>[];
    expect(containerDefinitions).toEqual([
      { ...first, image: String(first?.['image']).replace(/:release$/, `@${digest}`) },
    ]);
  });

  it('has the digest in the place of the tag that releases move', () => {
    expect(said(container(ingest)['Image'])).toMatch(/:release$/);
  });
});

describe('on its host, the task', () => {
  it('is nobody: no root, no capabilities, nothing to write but spool and /tmp', () => {
    const { User, ReadonlyRootFilesystem, LinuxParameters, MountPoints, ...rest } = container(ingest);
    expect(User).toBe('1000:1000');
    expect(ReadonlyRootFilesystem).toBe(true);
    expect(at(LinuxParameters, 'Capabilities')).toEqual({ Drop: ['ALL'] });
    expect(at(LinuxParameters, 'Tmpfs', 0, 'ContainerPath')).toBe('/tmp');
    expect(MountPoints).toEqual([
      { ContainerPath: environment(ingest)['SPOOL_DIR'], SourceVolume: 'spool', ReadOnly: false },
    ]);
    expect(rest['Privileged']).not.toBe(true);
  });

  it('has ports that no second task could have', () => {
    expect(definition['NetworkMode']).toBe('host');
    const ports = (container(ingest)['PortMappings'] as readonly JsonObject[]).map(
      (each) => each['ContainerPort'],
    );
    const { RTMP_PORT, RTMPS_PORT, RELAY_PORT, HTTP_PORT } = environment(ingest);
    expect(ports.map(String)).toEqual([RTMP_PORT, RTMPS_PORT, RELAY_PORT, HTTP_PORT]);
  });

  it('ends its ffmpegs properly, and hears SIGTERM', () => {
    expect(at(container(ingest)['LinuxParameters'], 'InitProcessEnabled')).toBe(true);
  });

  it('is not held up by a log that nobody takes', () => {
    expect(at(container(ingest)['LogConfiguration'], 'Options')).toMatchObject({ mode: 'non-blocking' });
  });

  it('may have as many files open as it may hold requests, and twice more', () => {
    expect(at(container(ingest)['Ulimits'], 0)).toMatchObject({ Name: 'nofile', SoftLimit: 65_536 });
  });

  it.each(['c8g.large', 'c8g.xlarge', 'c7i.4xlarge', 'm8g.2xlarge', 'c8a.16xlarge'])(
    'finds the memory that it asks for on a %s, of which Linux reports 94 %% and the agent keeps some back',
    (type) => {
      const facts = instanceFacts(type);
      if (typeof facts === 'string') throw new Error(facts);
      const { taskMemoryMiB, reservedMemoryMiB, taskCpu } = sizesOf(facts, {
        ...policy,
        hosts: { ...policy.hosts, roomPoints: facts.roomPoints },
      });
      expect(taskMemoryMiB).toBeLessThan(facts.memoryMiB * 0.94 - reservedMemoryMiB);
      expect(taskMemoryMiB).toBeGreaterThan(facts.memoryMiB * 0.7);
      expect(taskCpu).toBe(facts.vcpus * 1024);
    },
  );

  it('asks for what its host has', () => {
    const { taskMemoryMiB, taskCpu } = sizesOf(instance, policy);
    expect(container(ingest)).toMatchObject({ Memory: taskMemoryMiB, Cpu: taskCpu });
  });
});

describe('its health check', () => {
  it.each([
    ['passes where the program answers', true],
    ['fails where nobody does', false],
  ])('%s', async (_, isUp) => {
    const server = createHttp(
      { find: () => undefined } as unknown as Parameters<typeof createHttp>[0],
      {} as unknown as Parameters<typeof createHttp>[1],
      { now: Date.now },
      { warn: () => {}, error: () => {} } as unknown as Parameters<typeof createHttp>[3],
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const close = (): Promise<unknown> => new Promise((resolve) => server.close(resolve));
    if (!isUp) await close();
    const [kind, program, ...args] = at(container(ingest)['HealthCheck'], 'Command') as readonly string[];
    expect([kind, program]).toEqual(['CMD', 'node']);
    const running = promisify(execFile)(
      process.execPath,
      args.map((part) => part.replace(`:${environment(ingest)['HTTP_PORT']}/`, `:${port}/`)),
    );
    await (isUp
      ? expect(running).resolves.toBeDefined()
      : expect(running).rejects.toMatchObject({ code: 1 }));
    if (isUp) await close();
  });
});

describe('what the task may do', () => {
  const statements = ingest
    .filter(
      ({ Type, Properties }) =>
        Type === 'AWS::IAM::Policy' && said(at(Properties, 'Roles', 0)).startsWith('TaskRole'),
    )
    .flatMap(({ Properties }) => at(Properties, 'PolicyDocument', 'Statement') as readonly JsonObject[]);
  const on = (resource: RegExp): readonly JsonObject[] =>
    statements.filter(({ Resource }) => resource.test(said(Resource)));
  const keysOf = (statement: JsonObject | undefined): Json | undefined =>
    at(statement, 'Condition', 'ForAllValues:StringEquals', 'dynamodb:LeadingKeys');

  it('names every action', () => {
    expect(JSON.stringify(statements.map(({ Action }) => Action))).not.toContain('*');
  });

  it('writes nothing of the fleet but its heartbeat: orders and the front set are the scheduler’s', () => {
    const [write, read, ...others] = on(/Tablesfleet/);
    expect([write?.['Action'], keysOf(write)]).toEqual(['dynamodb:PutItem', [fleetKinds.heartbeat]]);
    expect([read?.['Action'], keysOf(read)]).toEqual(['dynamodb:GetItem', [fleetKinds.order, peersKey.kind]]);
    expect(others).toEqual([]);
  });

  it('sees of the chat which shards there are', () => {
    expect(taskPartitions.shards).toEqual([shardsPlace]);
    expect(on(/Tableschat/).map((each) => [each['Action'], keysOf(each)])).toEqual([
      ['dynamodb:Query', [shardsPlace]],
    ]);
  });

  it('names a key with every one of these: a request without would pass else', () => {
    for (const each of statements.filter((statement) => keysOf(statement) !== undefined))
      expect(at(each, 'Condition', 'Null')).toEqual({ 'dynamodb:LeadingKeys': 'false' });
  });

  it('deletes no recording', () => {
    expect(JSON.stringify(on(/\/archive\/\*$/).map(({ Action }) => Action))).not.toContain('Delete');
  });

  it('is told of a missing object that it is missing, not that it may not look', () => {
    const list = statements.find(({ Action }) => Action === 's3:ListBucket');
    expect(list).toBeDefined();
    expect(list).not.toHaveProperty('Condition');
  });
});
