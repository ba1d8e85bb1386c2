import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Heartbeat } from '../../../../core/fleet/heartbeat.ts';
import { noMemory, type HostMark, type TaskMark } from '../../../../core/fleet/memory.ts';
import type { PassReport } from '../../../../core/fleet/ports.ts';
import type { Facts } from '../../../../core/fleet/snapshot.ts';
import { packReport, unpackReport } from '../../../../runtime/store/tables/fleet-report.ts';
import { noon, reportOf } from '../../../lambda/scheduler/contract/store.ts';
import { startFleetTables, type FleetTables } from './fleet-harness.ts';

let tables: FleetTables;
beforeAll(async () => {
  tables = await startFleetTables();
});
afterAll(() => tables.stop());

/** As hard to compress as real ids. */
const hex = (what: string, length: number): string =>
  createHash('sha512').update(what).digest('hex').slice(0, length);
const ulid = (what: string): string =>
  `01k${BigInt(`0x${hex(what, 32)}`)
    .toString(32)
    .padStart(23, '0')
    .slice(-23)}`;
const upTo = (what: string, limit: number): number => Number.parseInt(hex(what, 8), 16) % limit;

/** A fleet of so many hosts with five shows each, a fifth of them on their way out. */
function reportOfFleet(count: number): PassReport {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const idsOf = (n: number) => ({
    taskId: hex(`task ${n}`, 32),
    hostId: `i-0${hex(`host ${n}`, 16)}`,
    slot: `in-${String(n + 1).padStart(2, '0')}`,
    digest: `sha256:${hex(`image ${n % 2}`, 64)}`,
    ip: `${1 + upTo(`a ${n}`, 220)}.${upTo(`b ${n}`, 256)}.${upTo(`c ${n}`, 256)}.${upTo(`d ${n}`, 256)}`,
    privateIp: `10.0.${Math.floor(n / 250)}.${n % 250}`,
    startedAt: noon - upTo(`start ${n}`, 100_000_000),
  });
  const ids = numbers.map(idsOf);
  const read = <T>(value: T): { at: number; value: T } => ({ at: noon, value });
  const heartbeats = ids.map(({ taskId, hostId, slot, digest, startedAt }, n): Heartbeat => ({
    taskId,
    slot,
    hostId,
    digest,
    startedAt,
    at: noon - upTo(`beat ${n}`, 5_000),
    sequence: upTo(`sequence ${n}`, 20_000),
    accepting: n % 5 !== 0,
    full: false,
    phase: n % 5 === 0 ? 'draining' : 'serving',
    obeys: n % 5 === 0 ? 2 : 0,
    shows: [1, 2, 3, 4, 5].map((show) => ({
      broadcastId: ulid(`show ${n} ${show}`),
      state: 'live',
      points: 1_000,
      startedAt: noon - upTo(`show ${n} ${show}`, 20_000_000),
      session: 1,
    })),
    roomPoints: 4_000,
    cpu: upTo(`cpu ${n}`, 1_000_000) / 1_000_000,
    unstoredBytes: 0,
  }));
  const facts: Omit<Facts, 'requests' | 'events'> = {
    group: { desired: count, maxHosts: 2 * count },
    release: { digest: ids[0]?.digest ?? '', pushedAt: noon },
    hosts: ids.map(({ hostId, privateIp, startedAt }) => ({
      hostId,
      state: 'running',
      launchedAt: startedAt - 90_000,
      ready: true,
      privateIp,
      isProtected: true,
    })),
    tasks: ids.map(({ taskId, hostId, slot, digest, startedAt }) => ({
      taskId,
      hostId,
      slot,
      digest,
      status: 'running',
      startedAt,
    })),
    addresses: ids.map(({ hostId, ip, slot }) => ({
      addressId: `eipalloc-0${hex(ip, 16)}`,
      ip,
      slot,
      hostId,
    })),
    records: {
      front: ids.slice(0, 28).map(({ ip }) => ip),
      slots: Object.fromEntries(ids.map(({ slot, ip }) => [slot, ip])),
    },
    targets: ids.map(({ slot, privateIp }) => ({ slot, targetId: privateIp, health: 'healthy' })),
    heartbeats,
    orders: ids
      .filter((_, n) => n % 5 === 0)
      .map(({ taskId, startedAt }) => ({
        taskId,
        generation: 2,
        phase: 'drain',
        reason: 'rollout',
        text: 'image 0123456789ab is followed by ba9876543210; 12000 points stay free',
        at: noon,
        expiredAt: startedAt + 1,
      })),
  };
  const memory = {
    ...noMemory,
    leftFrontAt: Object.fromEntries(ids.map(({ slot, startedAt }) => [slot, startedAt])),
    tasks: Object.fromEntries(
      ids.map(({ taskId, startedAt }): [string, TaskMark] => [taskId, { servedAt: startedAt }]),
    ),
    hosts: Object.fromEntries(
      ids.map(({ hostId, taskId }): [string, HostMark] => [hostId, { lastTaskId: taskId }]),
    ),
    demand: {
      ...noMemory.demand,
      week: Array.from({ length: 672 }, (_, quarter) => upTo(`week ${quarter}`, 1_000_000) / 10_000),
    },
  };
  const empty = reportOf(noon, 7);
  return {
    ...empty,
    snapshot: {
      sources: {
        group: read(facts.group),
        release: read(facts.release),
        hosts: read(facts.hosts),
        tasks: read(facts.tasks),
        addresses: read(facts.addresses),
        records: read(facts.records),
        targets: read(facts.targets),
        heartbeats: read(facts.heartbeats),
        orders: read(facts.orders),
        requests: read([]),
        events: read([]),
      },
      memory,
    },
    plan: {
      ...empty.plan,
      memory,
      notes: ids
        .filter((_, n) => n % 5 === 0)
        .map(({ taskId, hostId, slot, digest }) => ({
          subject: { taskId, hostId, slot, digest },
          reason: 'waiting',
          text: 'drains: holds 5 broadcasts',
        })),
    },
  };
}

describe('the report of a pass', () => {
  it('of 1,000 hosts with 5,000 broadcasts fits into one item, with room to spare', async () => {
    const report = reportOfFleet(1_000);
    const packed = await packReport(report);
    expect(packed.length).toBeLessThan(300 * 1024);
    expect(await unpackReport(packed)).toEqual(report);

    const table = (await tables.open()).connect();
    const lease = await table.acquireLease({ holder: 'a', now: noon, leaseMs: 30_000 });
    if (lease === undefined) throw new Error('nobody has the lease');
    await table.writeReport(report, lease);
    expect(await table.report()).toEqual(report);
  });

  it('of a fleet that is too large for one item keeps its memory and says what it has lost', async () => {
    const report = reportOfFleet(2_500);
    const packed = await packReport(report);
    expect(packed.length).toBeLessThan(390 * 1024);
    const kept = await unpackReport(packed);
    expect(kept?.plan.memory).toEqual(report.plan.memory);
    expect(kept?.plan.figures).toEqual(report.plan.figures);
    expect(kept?.snapshot.sources.heartbeats).toBeUndefined();
    expect(kept?.errors.at(-1)).toMatchObject({ call: 'report' });
  });

  it('that nobody can read is none: the scheduler goes on without memory', async () => {
    const opened = await tables.open();
    const table = opened.connect();
    for (const body of [Buffer.from('not compressed'), await packReport(5 as unknown as PassReport)]) {
      await tables.client.send(
        new PutCommand({ TableName: opened.name, Item: { kind: 'scheduler', id: 'report', body } }),
      );
      expect(await table.report()).toBeUndefined();
    }
  });
});
