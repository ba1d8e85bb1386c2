import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { watchOwnTask, type OwnTask, type TaskStatus } from '../../../runtime/lifecycle/ecs-task.ts';

const own = { cluster: 'tidecast', arn: 'arn:aws:ecs:ap-northeast-1:123456789012:task/tidecast/0a1b' };
let agent: Server;
let metadataUri: string;
let paths: string[];
let stop = (): void => {};
beforeEach(async () => {
  paths = [];
  agent = createServer((request, response) => {
    paths.push(request.url ?? '');
    response.end(JSON.stringify({ Cluster: own.cluster, TaskARN: own.arn }));
  }).listen(0, '127.0.0.1');
  await once(agent, 'listening');
  metadataUri = `http://127.0.0.1:${(agent.address() as AddressInfo).port}/v4/0a1b`;
});
afterEach(() => {
  stop();
  agent.close();
});

/** Watches while ECS answers these, one after the other; then the last one for ever. */
function watch(answers: readonly (TaskStatus | undefined | Error)[]) {
  const asked: OwnTask[] = [];
  const lines: string[] = [];
  let left = 0;
  let enough: () => void;
  const asMuch = new Promise<void>((resolve) => (enough = resolve));
  const end = watchOwnTask({
    metadataUri,
    ask: async (task) => {
      asked.push(task);
      if (asked.length >= answers.length + 2) enough();
      const answer = answers[Math.min(asked.length, answers.length) - 1];
      if (answer instanceof Error) throw answer;
      return answer;
    },
    leave: () => {
      left += 1;
      enough();
    },
    log: pino({}, { write: (line: string) => void lines.push(line) }),
    random: () => 0.5,
    everyMs: 5,
  });
  stop = end;
  return { asked, lines, asMuch, left: () => left };
}

const running: TaskStatus = { desired: 'RUNNING', last: 'RUNNING' };

describe('a task that asks ECS about itself', () => {
  it('leaves once when it is being taken out of its load balancer', async () => {
    const { asked, asMuch, left } = watch([running, running, { desired: 'STOPPED', last: 'RUNNING' }]);
    await asMuch;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(asked).toEqual([own, own, own]);
    expect(left()).toBe(1);
  });

  it('knows it by the state as well', async () => {
    const { asMuch, left } = watch([{ desired: undefined, last: 'DEACTIVATING' }]);
    await asMuch;
    expect(left()).toBe(1);
  });

  it('stays while it is to run, and asks the agent only once who it is', async () => {
    const { asMuch, left } = watch([running]);
    await asMuch;
    expect(left()).toBe(0);
    expect(paths).toEqual(['/v4/0a1b/task']);
  });

  it('stays when nobody can tell, says so once, and asks again', async () => {
    const throttled = new Error('ThrottlingException');
    const { asked, asMuch, left, lines } = watch([throttled, throttled, undefined]);
    await asMuch;
    expect(left()).toBe(0);
    expect(asked.length).toBeGreaterThan(3);
    expect(lines).toHaveLength(1);
  });
});
