import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { taskIdFromEcs, TaskIdError } from '../../../../containers/ingest/fleet/task-id.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A container agent that gives these answers, one after the other, the last one for ever. */
async function agent(...answers: readonly (readonly [status: number, body: string])[]) {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    const [status, body] = answers[Math.min(paths.length, answers.length - 1)] ?? [500, ''];
    paths.push(request.url ?? '');
    response.writeHead(status).end(body);
  });
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return { uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v4/abc`, paths };
}

const metadata = (arn: unknown): string => JSON.stringify({ Cluster: 'tidecast', TaskARN: arn });
const noWait = (): Promise<void> => Promise.resolve();

describe('the name of a task on ECS', () => {
  it.each([
    'arn:aws:ecs:eu-west-1:111122223333:task/tidecast/158d1c8083dd49d6b527399fd6414f5c',
    'arn:aws:ecs:eu-west-1:111122223333:task/158d1c8083dd49d6b527399fd6414f5c',
  ])('is the last part of %s', async (arn) => {
    const { uri, paths } = await agent([200, metadata(arn)]);
    expect(await taskIdFromEcs(uri, noWait)).toBe('158d1c8083dd49d6b527399fd6414f5c');
    expect(paths).toEqual(['/v4/abc/task']);
  });

  it('is asked for again while the agent is starting', async () => {
    const { uri, paths } = await agent(
      [503, ''],
      [200, '{'],
      [200, metadata('arn:aws:ecs:eu-west-1:1:task/tidecast/abc')],
    );
    expect(await taskIdFromEcs(uri, noWait)).toBe('abc');
    expect(paths).toHaveLength(3);
  });

  it.each([
    ['nothing like an ARN', metadata('abc')],
    ['no ARN', metadata(undefined)],
    ['something that is no task', metadata('arn:aws:ecs:eu-west-1:1:service/tidecast/abc')],
    ['a list', '[]'],
    ['nothing', 'null'],
  ])('is not made up when the agent says %s', async (_, body) => {
    const { uri } = await agent([200, body]);
    await expect(taskIdFromEcs(uri, noWait)).rejects.toThrow(TaskIdError);
  });

  it('is asked for by name where there is no ECS', async () => {
    await expect(taskIdFromEcs(undefined, noWait)).rejects.toThrow(/TASK_ID is not set/);
  });
});
