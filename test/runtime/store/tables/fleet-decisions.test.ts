import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Lease, LoggedDecision } from '../../../../core/fleet/ports.ts';
import type { FleetTable } from '../../../../runtime/store/tables/fleet.ts';
import { lineOf, noon } from '../../../lambda/scheduler/contract/store.ts';
import { startFleetTables, type FleetTables } from './fleet-harness.ts';

let tables: FleetTables;
beforeAll(async () => {
  tables = await startFleetTables();
});
afterAll(() => tables.stop());

const hourMs = 3_600_000;

async function holding(table: FleetTable): Promise<Lease> {
  const lease = await table.acquireLease({ holder: 'a', now: noon, leaseMs: 30_000 });
  if (lease === undefined) throw new Error('nobody has the lease');
  return lease;
}

/** All pages. */
async function all(
  table: FleetTable,
  query: { readonly taskId?: string; readonly limit: number; readonly now: number },
): Promise<readonly LoggedDecision[]> {
  const lines: LoggedDecision[] = [];
  let before: string | undefined;
  do {
    const page = await table.decisions({ ...query, before });
    lines.push(...page.decisions);
    expect(page.decisions.length).toBeLessThanOrEqual(query.limit);
    before = page.before;
  } while (before !== undefined);
  return lines;
}

describe('the decision log', () => {
  it('shows lines newest first, in pages, over days', async () => {
    const table = (await tables.open()).connect();
    const lease = await holding(table);
    const lines = Array.from({ length: 60 }, (_, n) => lineOf(noon - Math.floor(n / 3) * 3 * hourMs, n % 3));
    await table.logDecisions(lines, lease);
    const wanted = lines.toSorted((a, b) => b.at - a.at || b.n - a.n);
    for (const limit of [1, 7, 60, 1_000]) expect(await all(table, { limit, now: noon })).toEqual(wanted);
  });

  it('keeps them for a week', async () => {
    const table = (await tables.open()).connect();
    await table.logDecisions([lineOf(noon, 0), lineOf(noon + hourMs, 0)], await holding(table));
    const week = 7 * 24 * hourMs;
    const opened = (now: number) => all(table, { limit: 10, now });
    expect(await opened(noon + week - 1_000)).toHaveLength(2);
    expect(await opened(noon + week + 1_000)).toMatchObject([{ at: noon + hourMs }]);
    expect(await opened(noon + week + hourMs + 1_000)).toEqual([]);
  });

  it('shows the lines about a task, a host or a slot', async () => {
    const table = (await tables.open()).connect();
    const subjects = [{ taskId: 't1', hostId: 'h1' }, { hostId: 'h1' }, { slot: 's1' }, { taskId: 't2' }, {}];
    await table.logDecisions(
      subjects.map((subject, n) => lineOf(noon, n, { subject })),
      await holding(table),
    );
    const about = async (taskId: string): Promise<readonly number[]> =>
      (await all(table, { taskId, limit: 10, now: noon })).map(({ n }) => n);
    expect(await about('t1')).toEqual([0]);
    expect(await about('h1')).toEqual([1, 0]);
    expect(await about('s1')).toEqual([2]);
    expect(await about('t3')).toEqual([]);
  });

  it('finds the few lines about a task among thousands', async () => {
    const table = (await tables.open()).connect();
    const lines = Array.from({ length: 2_000 }, (_, n) =>
      lineOf(noon - n * 60_000, 0, { subject: { taskId: n % 400 === 399 ? 'rare' : 'other' } }),
    );
    await table.logDecisions(lines, await holding(table));
    const found = await all(table, { taskId: 'rare', limit: 3, now: noon });
    expect(found.map(({ at }) => (noon - at) / 60_000)).toEqual([399, 799, 1_199, 1_599, 1_999]);
  });

  it('takes the same lines twice without doubling them', async () => {
    const table = (await tables.open()).connect();
    const lease = await holding(table);
    const lines = [lineOf(noon, 0), lineOf(noon, 1, { outcome: 'failed', error: 'throttled' })];
    await table.logDecisions(lines, lease);
    await table.logDecisions(lines, lease);
    expect(await all(table, { limit: 10, now: noon })).toEqual(lines.toReversed());
  });

  it('asks again for what DynamoDB left over', async () => {
    const opened = await tables.open();
    const left: number[] = [];
    const table = opened.connect(async (command, pass) => {
      const { RequestItems: batch } = command.input as { RequestItems?: Record<string, unknown[]> };
      const items = batch?.[opened.name];
      if (batch === undefined || items === undefined || items.length <= 10) return pass();
      const over = items.splice(10);
      left.push(over.length);
      await pass();
      return { UnprocessedItems: { [opened.name]: over } };
    });
    const lines = Array.from({ length: 30 }, (_, n) => lineOf(noon, n));
    await table.logDecisions(lines, await holding(table));
    expect(left).toEqual([15, 5]);
    expect(await all(table, { limit: 100, now: noon })).toEqual(lines.toReversed());
  });

  it('writes no more batches once another scheduler has the lease', async () => {
    const opened = await tables.open();
    const next = opened.connect();
    let batches = 0;
    const table = opened.connect(async (command, pass) => {
      const answer = await pass();
      if (Object.hasOwn(command.input as object, 'RequestItems')) {
        batches += 1;
        await next.acquireLease({ holder: 'b', now: noon + 60_000, leaseMs: 30_000 });
      }
      return answer;
    });
    const lines = Array.from({ length: 60 }, (_, n) => lineOf(noon, n));
    await expect(table.logDecisions(lines, await holding(table))).rejects.toMatchObject({
      name: 'FencedError',
    });
    expect(batches).toBe(1);
  });

  it('refuses cursors that it has not given out, whatever they are', async () => {
    const table = (await tables.open()).connect();
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.base64String()), async (before) => {
        await expect(table.decisions({ before, limit: 1, now: noon })).rejects.toMatchObject({
          name: 'BadCursorError',
        });
      }),
      { numRuns: 200 },
    );
  });
});
