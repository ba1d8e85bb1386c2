import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DecisionPage, FleetView } from '../../../core/api/ops.ts';
import type { Problem } from '../../../core/api/types.ts';
import type { LoggedDecision, PassReport } from '../../../core/fleet/ports.ts';
import { viewFleet } from '../../../core/fleet/view.ts';
import { TableError } from '../../../runtime/store/tables/client.ts';
import { decisionLog } from '../../support/fleet/log.ts';
import { fleetReport } from '../../support/fleet/report.ts';
import { startTestApi, type TestApi } from './harness.ts';

let api: TestApi;
let report: PassReport;
let log: readonly LoggedDecision[];
let taskId = '';

/** Leaves a pass behind as the scheduler does. */
async function publish(pass: PassReport, lines: readonly LoggedDecision[] = []): Promise<void> {
  const now = api.clock.now();
  const lease = await api.fleet.acquireLease({ holder: 'test', now, leaseMs: 60_000 });
  if (lease === undefined) throw new Error('somebody else has the lease');
  await api.fleet.logDecisions(lines, lease);
  await api.fleet.writeReport(pass, lease);
  report = pass;
}

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  // Longer than wishes are kept, and than the log of the last test is long.
  api.clock.nowMs += 2 * 3_600_000;
  const made = fleetReport({ hosts: 20, now: api.clock.now() });
  log = decisionLog(made, 120);
  await publish(made, log);
  taskId = viewFleet(made).hosts.find(({ task }) => task?.state === 'draining')?.task?.taskId ?? '';
});

const reads = ['/api/ops/fleet', '/api/ops/decisions', '/api/ops/snapshot'] as const;
const wishes = ['drain', 'keep', 'force-stop'] as const;
const bodyOf = (kind: string): object =>
  kind === 'force-stop' ? { reason: 'hangs', confirm: taskId } : { reason: 'hangs' };
const wishUrl = (kind: string, task = taskId): string => `/api/ops/tasks/${task}/${kind}`;
const calls = () => [
  ...reads.map((url) => ({ method: 'GET', url, body: undefined }) as const),
  ...wishes.map((kind) => ({ method: 'POST', url: wishUrl(kind), body: bodyOf(kind) }) as const),
];

describe('the operators’ part', () => {
  it('is for people who are signed in', async () => {
    for (const { method, url, body } of calls()) {
      const answer = await api.ask(null, method, url, body);
      expect([url, answer.statusCode]).toEqual([url, 401]);
      expect(answer.headers['www-authenticate']).toContain('Bearer');
    }
    expect(await api.fleet.requests()).toEqual([]);
  });

  it('says to others which group they need', async () => {
    for (const { method, url, body } of calls()) {
      const answer = await api.ask('alice', method, url, body);
      expect([url, answer.statusCode]).toEqual([url, 403]);
      expect(answer.json<Problem>().detail).toContain('“operators”');
    }
    expect(await api.fleet.requests()).toEqual([]);
  });

  it('is cached nowhere', async () => {
    for (const { method, url, body } of calls())
      for (const who of ['operator', 'alice']) {
        const answer = await api.ask(who, method, url, body);
        expect([url, answer.headers['cache-control']]).toEqual([url, 'private, no-store']);
      }
  });

  it('says so while the scheduler has not finished a pass, and takes no wishes', async () => {
    const fresh = await startTestApi();
    try {
      for (const { method, url, body } of calls()) {
        const answer = await fresh.ask('operator', method, url, body);
        if (url === '/api/ops/decisions') {
          expect(answer.json()).toEqual({ decisions: [] });
        } else {
          expect([url, answer.statusCode]).toEqual([url, 503]);
          expect(answer.json<Problem>().detail).toContain('has not finished a pass');
          expect(answer.headers['retry-after']).toBe('10');
        }
      }
      expect(await fresh.fleet.requests()).toEqual([]);
    } finally {
      await fresh.close();
    }
  });

  it('says so while the table can’t be reached', async () => {
    const down = (): Promise<never> => Promise.reject(new TableError('down'));
    const away = await startTestApi({ fleet: { report: down, decisions: down, request: down } });
    try {
      for (const { method, url, body } of calls()) {
        const answer = await away.ask('operator', method, url, body);
        expect([url, answer.statusCode]).toEqual([url, 503]);
        expect(answer.json<Problem>().detail).toContain('can’t be reached');
      }
    } finally {
      await away.close();
    }
  });
});

describe('the fleet', () => {
  it('is shown as the last pass saw it', async () => {
    const answer = await api.ask('operator', 'GET', '/api/ops/fleet');
    expect(answer.statusCode).toBe(200);
    expect(answer.json<FleetView>()).toEqual(viewFleet(report));
  });

  it('is shown with words that this API does not know', async () => {
    const alarms = [{ name: 'made-tomorrow', subject: {}, text: 'of a newer scheduler' }] as never;
    await publish({ ...report, plan: { ...report.plan, alarms } });
    const answer = await api.ask('operator', 'GET', '/api/ops/fleet');
    expect(answer.json<FleetView>().alarms).toEqual(alarms);
  });

  it('gives its facts and its policy away whole, to plan from', async () => {
    const answer = await api.ask('operator', 'GET', '/api/ops/snapshot');
    const { snapshot, policy, at } = report;
    expect(answer.json()).toEqual(JSON.parse(JSON.stringify({ snapshot, policy, at })));
  });
});

describe('the decisions', () => {
  const ask = (query: string) => api.ask('operator', 'GET', `/api/ops/decisions${query}`);

  it('come newest first, a hundred at a time, and the older ones by the cursor', async () => {
    const first = (await ask('')).json<DecisionPage>();
    expect(first.decisions).toEqual(log.slice(0, 100));
    const second = (await ask(`?before=${first.before}&limit=20`)).json<DecisionPage>();
    expect(second.decisions).toEqual(log.slice(100));
  });

  it('are those about one task where one is named', async () => {
    const { decisions } = (await ask(`?task=${taskId}&limit=3`)).json<DecisionPage>();
    expect(decisions).toEqual(log.filter(({ subject }) => subject.taskId === taskId).slice(0, 3));
    expect(decisions).toHaveLength(3);
  });

  it.each(['?limit=0', '?limit=501', '?limit=x', '?task=a%2Fb', `?before=${'x'.repeat(201)}`, '?before=x'])(
    'refuse %s',
    async (query) => expect((await ask(query)).statusCode).toBe(400),
  );
});

describe('a wish of an operator', () => {
  it.each(wishes)('to %s is left for the scheduler, with who, why and when', async (kind) => {
    const answer = await api.ask('operator', 'POST', wishUrl(kind), bodyOf(kind));
    expect(answer.statusCode).toBe(202);
    const { requestId } = answer.json<{ requestId: string }>();
    expect(await api.fleet.requests()).toEqual([
      { requestId, kind, taskId, by: 'operator', reason: 'hangs', at: api.clock.now() },
    ]);
    const line = api.logLines.find((each) => each.includes(requestId));
    expect(JSON.parse(line ?? '{}')).toMatchObject({ kind, taskId, by: 'operator', reason: 'hangs' });
  });

  it.each(wishes)('to %s is no wish without a reason', async (kind) => {
    for (const reason of ['', '  ', 'a\nb', 'x'.repeat(201), undefined]) {
      const answer = await api.ask('operator', 'POST', wishUrl(kind), { ...bodyOf(kind), reason });
      expect([reason, answer.statusCode]).toEqual([reason, 400]);
    }
    expect(await api.fleet.requests()).toEqual([]);
  });

  it.each(wishes)('to %s a task that nobody knows is refused', async (kind) => {
    const body = { ...bodyOf(kind), ...(kind === 'force-stop' ? { confirm: 'nobody' } : {}) };
    expect((await api.ask('operator', 'POST', wishUrl(kind, 'nobody'), body)).statusCode).toBe(404);
    expect(await api.fleet.requests()).toEqual([]);
  });

  it('to stop by force needs the id of the task, typed again', async () => {
    for (const confirm of [undefined, '', taskId.slice(1), `${taskId} `, taskId.toUpperCase()]) {
      const answer = await api.ask('operator', 'POST', wishUrl('force-stop'), { reason: 'hangs', confirm });
      expect([confirm, answer.statusCode]).toEqual([confirm, 400]);
    }
    expect(await api.fleet.requests()).toEqual([]);
  });

  it('about a task that has stopped is refused, as there is nothing left to do', async () => {
    const { tasks } = report.snapshot.sources;
    const value = (tasks?.value ?? []).map((task) => Object.assign({}, task, { status: 'stopped' }));
    const sources = { ...report.snapshot.sources, tasks: { at: report.at, value } };
    await publish({ ...report, snapshot: { ...report.snapshot, sources } });
    expect((await api.ask('operator', 'POST', wishUrl('drain'), bodyOf('drain'))).statusCode).toBe(409);
    expect(await api.fleet.requests()).toEqual([]);
  });
});
