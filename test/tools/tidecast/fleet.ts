import type { FleetView, HostView, TaskView } from '../../../core/api/ops.ts';
import type { LoggedDecision } from '../../../core/fleet/ports.ts';

const minute = 60_000;
const hour = 60 * minute;

/** 2026-11-03 03:12:05 UTC */
export const nowMs = Date.UTC(2026, 10, 3, 3, 12, 5);

export const images = {
  released: `sha256:3fa9c1d7${'0'.repeat(56)}`,
  old: `sha256:77ab12c4${'0'.repeat(56)}`,
};

const task = (taskId: string, slot: string, more: Partial<TaskView>): TaskView => ({
  taskId,
  slot,
  digest: images.released,
  state: 'serving',
  startedAt: nowMs - 3 * hour,
  seenAt: nowMs - 3_000,
  shows: [],
  usedPoints: 0,
  roomPoints: 4000,
  cpu: 0.1,
  inFront: true,
  ...more,
});

const show = (broadcastId: string, startedAt: number, state: 'live' | 'interrupted' = 'live') =>
  ({ broadcastId, state, points: 1000, startedAt, session: 1 }) as const;

export const broadcastIds = {
  race: '01k9x3v7q2m4n6p8r0s2t4v6w8',
  cooking: '01k9x3v7q2m4n6p8r0s2t4v6w9',
} as const;

/** Ids as ECS and EC2 make them; two tasks begin alike. */
export const taskIds = {
  serving: '0f3c9a2e77aa4be1a3a9d7c1f0e1d2c3',
  draining: '5b1d7e6690ab4cd2b4b8e6d2e1f0a3b4',
  lost: '5b1dffff90ab4cd2b4b8e6d2e1f0a3b4',
};

const hosts: readonly HostView[] = [
  {
    hostId: 'i-0a1b2c3d4e5f60718',
    state: 'in-use',
    launchedAt: nowMs - 4 * hour,
    slot: 'in-01',
    address: '203.0.113.7',
    task: task(taskIds.serving, 'in-01', {
      shows: [show(broadcastIds.race, nowMs - 2 * hour)],
      usedPoints: 1000,
      cpu: 0.31,
    }),
  },
  {
    hostId: 'i-0ffe2c3d4e5f60719',
    state: 'in-use',
    launchedAt: nowMs - 40 * hour,
    slot: 'in-02',
    address: '203.0.113.8',
    task: task(taskIds.draining, 'in-02', {
      digest: images.old,
      state: 'draining',
      startedAt: nowMs - 39 * hour,
      shows: [
        show(broadcastIds.race.replace('w8', 'x1'), nowMs - 26 * hour),
        show(broadcastIds.cooking, nowMs - 12 * minute, 'interrupted'),
      ],
      usedPoints: 2000,
      cpu: 0.52,
      inFront: false,
      order: { reason: 'rollout', text: 'image 3fa9c1d was released', since: nowMs - 13 * hour },
      why: 'waits for 2 broadcasts to end, the longest of them on air for 26 h',
    }),
  },
  {
    hostId: 'i-0bbe2c3d4e5f6071a',
    state: 'lost',
    launchedAt: nowMs - 9 * hour,
    slot: 'in-03',
    address: '203.0.113.9',
    task: task(taskIds.lost, 'in-03', { state: 'lost', seenAt: nowMs - 5 * minute, inFront: false }),
  },
  { hostId: 'i-0cce2c3d4e5f6071b', state: 'launching', launchedAt: nowMs - 50_000 },
];

export const fleet: FleetView = {
  at: nowMs - 4_000,
  figures: {
    broadcasts: 3,
    usedPoints: 3000,
    freePoints: 3000,
    wantedPoints: 2150,
    minimumPoints: 1075,
    hosts: 4,
    serving: 1,
    draining: 1,
    lost: 1,
    longestDrainMs: 13 * hour,
    rolloutShare: 2 / 3,
    front: ['203.0.113.7'],
    forecastArrivals: 0.4,
  },
  limitedBy: ['address quota'],
  alarms: [
    {
      name: 'stuck-drain',
      subject: { taskId: taskIds.draining, slot: 'in-02' },
      text: 'in-02 drains for 13 h, with 2 broadcasts',
    },
    {
      name: 'lost-task',
      subject: { taskId: taskIds.lost, slot: 'in-03' },
      text: 'in-03 is silent for 5 min',
    },
  ],
  hosts,
  images: [
    { digest: images.released, state: 'released', tasks: 2, firstSeenAt: nowMs - 14 * hour },
    { digest: images.old, state: 'old', tasks: 1, firstSeenAt: nowMs - 100 * hour },
  ],
  front: [{ ip: '203.0.113.7', slot: 'in-01' }],
  rollout: { digest: images.released, state: 'rolling', done: 2, of: 3 },
  errors: ['set-front: Rate exceeded'],
  cpuBand: { low: 0.5, high: 0.7 },
};

const decision = (ago: number, n: number, more: Partial<LoggedDecision>): LoggedDecision => ({
  at: nowMs - ago,
  n,
  action: 'write-order',
  subject: {},
  reason: 'rollout',
  text: '',
  outcome: 'done',
  ...more,
});

const draining = { taskId: taskIds.draining, slot: 'in-02', hostId: 'i-0ffe2c3d4e5f60719' };

export const stoppedTask = '9e9e0000aaaa4be1a3a9d7c1f0e1d2c3';

/** Oldest first; the API gives them the other way round, by pages. */
export const decisions: readonly LoggedDecision[] = [
  decision(8 * 24 * hour, 0, { subject: draining, text: 'older than a week' }),
  decision(20 * hour, 0, {
    action: 'stop-task',
    subject: { taskId: stoppedTask, slot: 'in-04', hostId: 'i-0dde2c3d4e5f6071c' },
    reason: 'empty',
    text: 'empty on two heartbeats, DNS time over',
  }),
  decision(13 * hour, 0, { subject: draining, text: 'expire: image 3fa9c1d was released' }),
  decision(13 * hour, 1, {
    action: 'set-front',
    subject: { slot: 'in-02' },
    reason: 'front-set',
    text: 'in-02 leaves',
    outcome: 'failed',
    error: 'Rate exceeded',
  }),
  ...[12, 11, 10].map((hours) =>
    decision(hours * hour, 0, {
      action: 'note',
      subject: draining,
      reason: 'waiting',
      text: 'waits for 2 broadcasts to end',
      outcome: 'note',
    }),
  ),
];
