import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordsOf } from '../../../containers/ingest/broadcast/records.ts';
import { startTables, type LocalTables } from '../../../local/tables.ts';
import { createS3Store } from '../../../runtime/store/objects/s3.ts';
import { openTables } from '../../../runtime/store/tables/open.ts';
import { S3Server, type S3Request } from '../../fakes/s3-server.ts';
import { noteCalls, type AwsCall } from '../../support/iam/call.ts';
import { Deployment } from '../../support/iam/deployment.ts';
import { expectAllowed, refusals } from '../../support/iam/expect-allowed.ts';
import { checksOf, type World } from '../../support/iam/operations.ts';
import { taskOf } from '../../support/iam/roles.ts';
import { heartbeatOf } from '../../lambda/scheduler/contract/store.ts';
import { addAll, open, until } from '../../containers/ingest/archive/harness.ts';
import { graceMs, newChannel, newId, plan } from '../../runtime/store/tables/harness.ts';
import { stacksOfIngest } from './templates.ts';

const region = 'ap-northeast-1';
const templates = [...stacksOfIngest({ region, profile: 'small' }).values()];
const deployment = new Deployment(
  new Map(templates.map(({ stack, template }) => [stack.stackName, template.toJSON()])),
  { account: '111122223333', region },
);
const { statements } = taskOf(deployment, 'tidecast-ingest');
const [archiveBucket] = deployment.resources('AWS::S3::Bucket', 'tidecast-data');
const bucket = deployment.text('tidecast-data', { Ref: archiveBucket?.id });
const world: World = { place: deployment.place, vpc: '', rolesOf: () => [], tagsOf: () => ({}) };
const toTables: AwsCall[] = [];
const toArchive: AwsCall[] = [];

/** Every one of the program's ways to the tables: all of BroadcastRecords, and its side of the fleet. */
async function doEverythingInTheTables(endpoint: string): Promise<void> {
  const tables = openTables({ TABLE_PREFIX: 'tidecast', DYNAMODB_ENDPOINT: endpoint, AWS_REGION: region });
  const channel = newChannel();
  await tables.channels.create(channel, 10);
  // From here on it is the task's doing.
  noteCalls(tables.client, toTables);
  const clock = { now: () => 1_000 };
  const records = recordsOf({ tables, taskId: 'task-1', slot: 'in-01', clock, graceMs, random: () => 0.5 });
  const opened = async (at: number) => {
    const present = await records.channel(channel.channelId);
    if (present === undefined) throw new Error('the channel is gone');
    const { broadcast } = await records.openSession(present, { newId: newId(), at, only: undefined });
    return broadcast;
  };
  const first = await opened(1_000);
  const { session } = await opened(2_000);
  await records.report({
    broadcastId: first.broadcastId,
    session,
    state: 'live',
    encoderSeenAt: 2_000,
    plan,
  });
  // Its time is over: another one begins.
  const second = await opened(10 * graceMs);
  const stale = await records.get(first.broadcastId);
  const taken = stale === undefined ? undefined : await records.takeOver(stale);
  for await (const broadcast of records.unended()) expect(broadcast.broadcastId).toBeDefined();
  const end = { broadcastId: first.broadcastId, session: taken?.session ?? 0, endedAt: 3_000, durationS: 1 };
  expect(await records.end(end)).toBe('ended');
  await records.discard(second);
  await tables.fleet.beat(heartbeatOf('task-1'));
  await tables.fleet.peers();
  tables.close();
}

/** An archive from its first segment to its end, with a crash in between, and a picture that has to go. */
async function doEverythingInTheArchive(server: S3Server, spoolDir: string): Promise<void> {
  const store = createS3Store({ bucket: server.bucket, prefix: '', client: server.clientConfig });
  const first = await open(store, spoolDir, { isNew: true });
  addAll(first, { msn: 0 });
  first.thumbnail(Buffer.from('picture'));
  await until(() => [...server.objects.keys()].some((key) => key.startsWith('thumbs/')));
  await first.close();
  const second = await open(store, spoolDir, { isNew: false });
  await second.removeThumbnail();
  addAll(second, { msn: 1 });
  await second.end();
  // A playlist of twelve hours goes up in parts; one that fails is taken back.
  const large = Array<Buffer>(17).fill(Buffer.alloc(1024 ** 2));
  const headers = { contentType: 'text/plain', cacheControl: 'no-store' };
  await store.put('archive/01b/720p/index.m3u8', large, headers);
  server.fault = ({ query }) =>
    query.get('partNumber') === '2' ? { kind: 'error', status: 403, code: 'AccessDenied' } : undefined;
  await expect(store.put('archive/01b/720p/index.m3u8', large, headers)).rejects.toThrow();
}

/** What a request is called in the API. */
function callOf({ method, key, query }: S3Request): AwsCall {
  const named = (operation: string, input: object = { Key: key }): AwsCall => ({
    client: 'S3Client',
    operation,
    input: { Bucket: bucket, ...input },
  });
  if (method === 'GET')
    return query.has('list-type')
      ? named('ListObjectsV2', { Prefix: query.get('prefix') ?? '' })
      : named('GetObject');
  if (method === 'POST')
    return named(query.has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload');
  if (method === 'DELETE') return named(query.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject');
  return named(query.has('partNumber') ? 'UploadPart' : 'PutObject');
}

let tables: LocalTables;
let server: S3Server;
beforeAll(async () => {
  tables = await startTables({ prefix: 'tidecast' });
  await doEverythingInTheTables(tables.endpoint);
  server = await S3Server.start();
  const spoolDir = await mkdtemp(join(tmpdir(), 'permissions-'));
  try {
    await doEverythingInTheArchive(server, spoolDir);
  } finally {
    await rm(spoolDir, { recursive: true, force: true });
  }
  toArchive.push(...server.requests.map(callOf));
});
afterAll(() => Promise.all([tables.close(), server.stop()]));

describe("the task's role", () => {
  it('lets through every call that a task makes to the tables', () => {
    expectAllowed(statements, toTables, world);
  });

  it('lets through every call that a task makes to the archive', () => {
    expectAllowed(statements, toArchive, world);
  });

  it('has nothing that no call needs', () => {
    const calls = [...toTables, ...toArchive];
    const used = new Set(calls.flatMap((call) => checksOf(call, world).map(({ action }) => action)));
    const granted = statements.flatMap(({ Action }) => Action);
    expect(granted.filter((action) => !used.has(action))).toEqual([]);
    const needless = statements.filter(
      (statement) =>
        refusals(
          statements.filter((other) => other !== statement),
          calls,
          world,
        ).length === 0,
    );
    expect(needless).toEqual([]);
  });

  const table = (operation: string, TableName: string, input: object): AwsCall => ({
    client: 'DynamoDBClient',
    operation,
    input: { TableName, ...input },
  });
  const object = (operation: string, Key: string): AwsCall => ({
    client: 'S3Client',
    operation,
    input: { Bucket: bucket, Key },
  });

  it.each<[string, AwsCall]>([
    ['writes no orders', table('PutItem', 'tidecast-fleet', { Item: { kind: 'order', id: 'task-1' } })],
    ['takes no lease', table('PutItem', 'tidecast-fleet', { Item: { kind: 'scheduler', id: 'lease' } })],
    ['asks for no force-stop', table('PutItem', 'tidecast-fleet', { Item: { kind: 'request', id: 'x' } })],
    ['makes no channels', table('PutItem', 'tidecast-channels', { Item: { channelId: 'x' } })],
    ['reads no messages', table('GetItem', 'tidecast-messages', { Key: { bucket: 'x', id: 'y' } })],
    [
      'reads no bans',
      table('Query', 'tidecast-chat', {
        KeyConditionExpression: 'place = :place',
        ExpressionAttributeValues: { ':place': 'channel#x' },
      }),
    ],
    ['deletes no recording', object('DeleteObject', 'archive/x/master.m3u8')],
    ['puts nothing beside archive and pictures', object('PutObject', 'web/index.html')],
  ])('%s', (_, call) => {
    expect(refusals(statements, [call], world)).toHaveLength(1);
  });
});
