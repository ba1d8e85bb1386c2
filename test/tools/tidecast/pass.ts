import type { PassFacts } from '../../../core/api/ops.ts';
import type { Heartbeat } from '../../../core/fleet/heartbeat.ts';
import { noMemory } from '../../../core/fleet/memory.ts';
import { defaultPolicy } from '../../../core/fleet/policy.ts';
import { images, nowMs } from './fleet.ts';

const read = <T>(value: T) => ({ at: nowMs - 1_000, value });

const startedAt = nowMs - 5 * 3_600_000;

const heartbeat = (taskId: string, hostId: string, slot: string, shows: number): Heartbeat => ({
  taskId,
  slot,
  hostId,
  digest: images.released,
  startedAt,
  at: nowMs - 2_000,
  sequence: 3_000,
  accepting: true,
  full: false,
  phase: 'serving',
  obeys: 0,
  shows: Array.from({ length: shows }, (_, index) => ({
    broadcastId: `broadcast-${taskId}-${index}`,
    state: 'live' as const,
    points: 1_000,
    startedAt: nowMs - 3_600_000,
    session: 1,
  })),
  roomPoints: 4_000,
  cpu: 0.2 + shows / 10,
  relay: `10.0.0.${hostId.slice(2)}:1937`,
  passing: 1,
  unstoredBytes: 0,
});

/** Two hosts that serve, four broadcasts on each: every point is in use, so that the planner wants more hosts. */
export const fullFleet: PassFacts = {
  at: nowMs,
  policy: { ...defaultPolicy, hosts: { ...defaultPolicy.hosts, max: 20 } },
  snapshot: {
    memory: noMemory,
    sources: {
      group: read({ desired: 2, maxHosts: 20 }),
      hosts: read(
        [1, 2].map((n) => ({
          hostId: `i-${n}`,
          state: 'running' as const,
          launchedAt: startedAt - 100_000,
          ready: true,
          privateIp: `10.0.0.${n}`,
          isProtected: true,
        })),
      ),
      tasks: read(
        [1, 2].map((n) => ({
          taskId: `task-${n}`,
          hostId: `i-${n}`,
          slot: `in-0${n}`,
          digest: images.released,
          status: 'running' as const,
          startedAt,
        })),
      ),
      addresses: read(
        [1, 2].map((n) => ({
          addressId: `eipalloc-${n}`,
          ip: `203.0.113.${n}`,
          slot: `in-0${n}`,
          hostId: `i-${n}`,
        })),
      ),
      records: read({
        front: ['203.0.113.1', '203.0.113.2'],
        slots: { 'in-01': '203.0.113.1', 'in-02': '203.0.113.2' },
      }),
      targets: read(
        [1, 2].map((n) => ({ slot: `in-0${n}`, targetId: `10.0.0.${n}`, health: 'healthy' as const })),
      ),
      release: read({ digest: images.released, pushedAt: startedAt }),
      heartbeats: read([heartbeat('task-1', 'i-1', 'in-01', 4), heartbeat('task-2', 'i-2', 'in-02', 4)]),
      orders: read([]),
      requests: read([]),
      events: undefined,
    },
  },
};
