import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEnvironment } from '../../../core/environment/read.ts';
import { schedulerEnvironment } from '../../../core/environment/scheduler.ts';
import type { InfrastructureAction } from '../../../core/fleet/decision.ts';
import type { InfrastructureSource } from '../../../core/fleet/ports.ts';
import { tableNames } from '../../../core/tables.ts';
import { createClients } from '../../../lambda/scheduler/aws/clients.ts';
import { createImages } from '../../../lambda/scheduler/aws/images.ts';
import { createAwsInfrastructure } from '../../../lambda/scheduler/aws/infrastructure.ts';
import { createMetrics } from '../../../lambda/scheduler/aws/metrics.ts';
import { startTables, type LocalTables } from '../../../local/tables.ts';
import { createTableClient, type TableClient } from '../../../runtime/store/tables/client.ts';
import { createFleetTable } from '../../../runtime/store/tables/fleet.ts';
import { lineOf, noon, orderOf, reportOf } from '../../lambda/scheduler/contract/store.ts';
import { noteCalls, type AwsCall } from '../../support/iam/call.ts';
import { expectAllowed, refusals } from '../../support/iam/expect-allowed.ts';
import { checksOf, type World } from '../../support/iam/operations.ts';
import { functionOf } from '../../support/iam/roles.ts';
import { deployed } from '../deployed.ts';
import { domain } from '../synthesise.ts';
import { buildScheduler } from './stacks.ts';
import { addressId, digest, hostId, ip, paperAws, slot, taskId, type Names } from './paper-aws.ts';

const deployment = deployed({ region: 'ap-northeast-1', profile: 'standard', domain }, buildScheduler);
const { statements, environment: given } = functionOf(deployment, 'tidecast-scheduler');
const env = readEnvironment(schedulerEnvironment, { ...given, AWS_REGION: deployment.place.region });
const names: Names = {
  place: deployment.place,
  cluster: env.CLUSTER,
  family: env.TASK_FAMILY,
  container: env.CONTAINER,
  group: env.HOST_GROUP,
  fleet: env.FLEET,
  targetGroupPrefix: env.TARGET_GROUP_PREFIX,
  domain: env.INGEST_DOMAIN ?? '',
  roles: rolesOfTask(),
};

function rolesOfTask(): Names['roles'] {
  const [definition] = deployment.resources('AWS::ECS::TaskDefinition', 'tidecast-ingest');
  const role = (property: string): string =>
    deployment.text('tidecast-ingest', definition?.resource.Properties?.[property]);
  return { task: role('TaskRoleArn'), execution: role('ExecutionRoleArn') };
}

const arn = (service: string, resource: string): string =>
  `arn:aws:${service}:${deployment.place.region}:${deployment.place.account}:${resource}`;
const [vpc] = deployment.resources('AWS::EC2::VPC');

const world: World = {
  place: deployment.place,
  vpc: arn('ec2', `vpc/${deployment.text(vpc?.stack ?? '', { Ref: vpc?.id })}`),
  rolesOf: () => Object.values(names.roles),
  tagsOf: (resource) => {
    if (resource.endsWith(`/${addressId}`)) return { 'tidecast:fleet': names.fleet, 'tidecast:slot': slot };
    if (resource.endsWith(`/${hostId}`)) return { 'aws:autoscaling:groupName': names.group };
    return {};
  },
};

const { signal } = new AbortController();
const calls: AwsCall[] = [];

/** Everything of the infrastructure's port, as AWS's side does it. */
const sources: Readonly<Record<InfrastructureSource, true>> = {
  tasks: true,
  hosts: true,
  targets: true,
  addresses: true,
  records: true,
  group: true,
  release: true,
};
const actions: Readonly<{
  [Kind in InfrastructureAction['kind']]: Extract<InfrastructureAction, { kind: Kind }>;
}> = {
  'set-desired': { kind: 'set-desired', hosts: 2 },
  'protect-host': { kind: 'protect-host', hostId },
  'terminate-host': { kind: 'terminate-host', hostId },
  'allocate-address': { kind: 'allocate-address', slot: 'in-08' },
  'release-address': { kind: 'release-address', addressId, ip, slot },
  'associate-address': { kind: 'associate-address', addressId, hostId, slot },
  'start-task': { kind: 'start-task', hostId, slot, digest, token: 't' },
  'stop-task': { kind: 'stop-task', taskId, reason: 'empty', forced: false },
  'register-target': { kind: 'register-target', slot, targetId: '10.40.0.9' },
  'deregister-target': { kind: 'deregister-target', slot, targetId: '10.40.0.9' },
  'set-front': { kind: 'set-front', ips: [ip], ttlS: 20 },
  'set-slot-record': { kind: 'set-slot-record', slot, ip },
  'remove-slot-record': { kind: 'remove-slot-record', slot, ip },
};

async function doEverythingInAws(): Promise<void> {
  const clients = createClients({ region: env.AWS_REGION });
  const answer = paperAws(names);
  for (const client of Object.values(clients))
    if (typeof client !== 'function') noteCalls(client, calls, answer);
  const now = () => noon;
  const images = createImages({
    client: clients.ecs,
    family: env.TASK_FAMILY,
    container: env.CONTAINER,
    now,
  });
  const infrastructure = createAwsInfrastructure({ clients, images, environment: env, now });
  for (const source of Object.keys(sources) as InfrastructureSource[])
    await infrastructure.read(source, signal);
  for (const action of Object.values(actions)) await infrastructure.act(action, signal);
  // An empty front set has no record.
  await infrastructure.act({ kind: 'set-front', ips: [], ttlS: 20 }, signal);
  const metrics = createMetrics({ client: clients.cloudWatch, fleet: env.FLEET });
  const { plan, errors } = reportOf(noon, 1);
  await metrics.publish({ ...plan, errors, at: noon });
  await metrics.flush();
  clients.close();
}

async function doEverythingInTheTable(client: TableClient): Promise<void> {
  noteCalls(client, calls);
  const store = createFleetTable({ client, tables: tableNames(env.TABLE_PREFIX), now: () => noon });
  const first = await store.acquireLease({ holder: 'a', now: noon, leaseMs: 30_000 });
  if (first === undefined) throw new Error('the lease of an empty table is not free');
  const lease = await store.renewLease(first, noon + 1, 30_000);
  for (const read of ['heartbeats', 'orders', 'requests', 'events', 'report'] as const) await store[read]();
  await store.heartbeat('task-1');
  await store.writeOrder(orderOf('task-1'), lease);
  await store.writePeers([], lease);
  await store.writeReport(reportOf(noon, lease.fence), lease);
  await store.logDecisions([lineOf(noon, 0)], lease);
  await store.forgetTask('task-1', lease);
  await store.releaseLease(lease);
}

let tables: LocalTables;
beforeAll(async () => {
  tables = await startTables({ prefix: env.TABLE_PREFIX });
  await doEverythingInAws();
  const client = createTableClient({ region: env.AWS_REGION, endpoint: tables.endpoint });
  await doEverythingInTheTable(client);
  client.destroy();
});
afterAll(() => tables.close());

const callsOf = (operation: string): readonly AwsCall[] =>
  calls.filter((call) => call.operation === operation);
const refusalsOf = (operation: string, change: Readonly<Record<string, unknown>>, at: World = world) =>
  refusals(
    statements,
    callsOf(operation).map(({ client, input }) => ({ client, operation, input: { ...input, ...change } })),
    at,
  );

describe("the scheduler's role", () => {
  it('lets through every call that the scheduler makes', () => {
    expectAllowed(statements, calls, world);
  });

  it('was asked for every operation that stands in lambda/scheduler/aws', () => {
    const folder = join(import.meta.dirname, '..', '..', '..', 'lambda', 'scheduler', 'aws');
    const written = readdirSync(folder).flatMap((file) =>
      [...readFileSync(join(folder, file), 'utf8').matchAll(/new (\w+)Command\(|\bpaginate(\w+)\(/g)].map(
        ([, command, pages]) => command ?? pages,
      ),
    );
    const made = new Set(calls.map(({ operation }) => operation));
    expect(written.length).toBeGreaterThan(20);
    expect([...new Set(written)].filter((operation) => !made.has(operation ?? ''))).toEqual([]);
  });

  it('has nothing that no call needs', () => {
    const ofLambda = /^(?:logs|xray):/;
    const granted = statements.flatMap(({ Action }) => Action);
    const used = new Set(calls.flatMap((call) => checksOf(call, world).map(({ action }) => action)));
    expect(granted.filter((action) => !ofLambda.test(action) && !used.has(action))).toEqual([]);
    const needless = statements.filter(
      (statement) =>
        !ofLambda.test([statement.Action].flat()[0] ?? '') &&
        refusals(
          statements.filter((other) => other !== statement),
          calls,
          world,
        ).length === 0,
    );
    expect(needless).toEqual([]);
  });

  const foreign: World = { ...world, tagsOf: () => ({ 'tidecast:fleet': 'another' }) };

  it.each<[string, string, Readonly<Record<string, unknown>>, World?]>([
    ['stops no task of another cluster', 'StopTask', { cluster: 'another' }],
    ['runs no task in another cluster', 'RunTask', { cluster: 'another' }],
    [
      'runs nothing but the ingest task',
      'RunTask',
      { taskDefinition: arn('ecs', 'task-definition/admin:1') },
    ],
    [
      'gives no other role to a task',
      'RegisterTaskDefinition',
      { taskRoleArn: 'arn:aws:iam::111122223333:role/Admin' },
    ],
    ['registers nothing that is not copied from the stack', 'RegisterTaskDefinition', { tags: [] }],
    ['registers no other family', 'RegisterTaskDefinition', { family: 'another' }],
    ['releases no address of another fleet', 'ReleaseAddress', {}, foreign],
    ['moves no address of another fleet', 'AssociateAddress', {}, foreign],
    ['gives its addresses to nobody else', 'AssociateAddress', { InstanceId: 'i-0999' }],
    ['allocates no address without its mark', 'AllocateAddress', { TagSpecifications: [] }],
    ['changes no other group', 'SetDesiredCapacity', { AutoScalingGroupName: 'another' }],
    [
      'terminates no host of another group',
      'TerminateInstanceInAutoScalingGroup',
      {},
      {
        ...world,
        tagsOf: () => ({ 'aws:autoscaling:groupName': 'another' }),
      },
    ],
    [
      'registers nothing with another load balancer',
      'RegisterTargets',
      {
        TargetGroupArn: arn('elasticloadbalancing', 'targetgroup/another-in-07/0123456789abcdef'),
      },
    ],
    ['changes no other zone', 'ChangeResourceRecordSets', { HostedZoneId: 'Z0000000000' }],
    ['writes no metrics under another name', 'PutMetricData', { Namespace: 'AWS/Billing' }],
    ['reads no other repository', 'DescribeImages', { repositoryName: 'another' }],
    ['reads no other table', 'GetItem', { TableName: 'tidecast-chat', Key: { place: 'x', entry: 'y' } }],
  ])('%s', (_, operation, change, at) => {
    expect(refusalsOf(operation, change, at).length).toBeGreaterThan(0);
  });

  const change = (Action: string, Name: string, Type = 'A') => ({
    ChangeBatch: { Changes: [{ Action, ResourceRecordSet: { Name, Type } }] },
  });

  it.each([
    ['the name of the pages', change('UPSERT', 'live.example.com.')],
    ['the zone itself', change('DELETE', 'example.com.')],
    ['a name that only looks like one of ours', change('UPSERT', 'notingest.live.example.com.')],
    ['a mail record', change('UPSERT', 'ingest.live.example.com.', 'MX')],
    ['a record that must not be there', change('CREATE', 'ingest.live.example.com.')],
    [
      'one of ours together with another',
      {
        ChangeBatch: {
          Changes: [
            ...change('UPSERT', 'ingest.live.example.com.').ChangeBatch.Changes,
            ...change('UPSERT', 'www.example.com.').ChangeBatch.Changes,
          ],
        },
      },
    ],
    ['no name at all', { ChangeBatch: { Changes: [] } }],
  ])('writes no record of %s', (_, input) => {
    expect(refusalsOf('ChangeResourceRecordSets', input).length).toBeGreaterThan(0);
  });

  it('writes nothing that is a task’s or an operator’s', () => {
    for (const kind of ['heartbeat', 'request', 'event'])
      expect(refusalsOf('PutItem', { Item: { kind, id: 'x' } }).length).toBeGreaterThan(0);
  });
});

describe('without a domain', () => {
  it('the scheduler may do nothing in Route 53', () => {
    const small = deployed({ region: 'ap-northeast-1', profile: 'small' }, buildScheduler);
    expect(JSON.stringify(functionOf(small, 'tidecast-scheduler').statements)).not.toContain('route53');
  });
});
