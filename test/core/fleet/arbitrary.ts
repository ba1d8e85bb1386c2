/** Any snapshot, with everything in it that a real account has shown or could: fast-check draws. */
import fc from 'fast-check';
import type { HeldShow, Heartbeat } from '../../../core/fleet/heartbeat.ts';
import { noMemory, type ImageMark } from '../../../core/fleet/memory.ts';
import type { Policy } from '../../../core/fleet/policy.ts';
import { slotNames } from '../../../core/fleet/policy.ts';
import type {
  AddressFact,
  Facts,
  OperatorRequest,
  Snapshot,
  SourceName,
  TargetFact,
  TaskFact,
} from '../../../core/fleet/snapshot.ts';
import {
  fleet,
  hostOf,
  hour,
  idle,
  image,
  ipOf,
  launching,
  leaving,
  longAgo,
  minute,
  nextImage,
  now,
  oldImage,
  policy,
  second,
  slotOf,
  taskOf,
  unread,
  withFacts,
  type HostWish,
} from './fixture.ts';

const rarely = <T>(arbitrary: fc.Arbitrary<T>, usual: T, weight = 6): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: fc.constant(usual), weight }, { arbitrary, weight: 1 });

type DrawnBy<A> = A extends fc.Arbitrary<infer T> ? T : never;

const ago = (most: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: most }).map((ms) => now - ms);
const anyDigest = fc.constantFrom(oldImage, image, image, nextImage);

const anyShow: fc.Arbitrary<Partial<HeldShow>> = fc.record({
  state: fc.constantFrom('live', 'live', 'live', 'interrupted', 'ending'),
  points: fc.integer({ min: 200, max: 1800 }),
  startedAt: ago(3 * hour),
  session: fc.integer({ min: 1, max: 3 }),
});

/** Written so long ago: as a rule just now, sometimes too long, sometimes by a clock that is ahead. */
const beatAge = fc.oneof(
  { arbitrary: fc.integer({ min: 0, max: 14 * second }), weight: 8 },
  { arbitrary: fc.integer({ min: 16 * second, max: hour }), weight: 1 },
  { arbitrary: fc.integer({ min: -minute, max: -1 }), weight: 1 },
);

const drawnTask = fc.record({
  digest: anyDigest,
  status: rarely(fc.constantFrom<TaskFact['status']>('pending', 'stopping', 'stopped'), 'running'),
  startedAt: ago(hour),
  age: beatAge,
  isHeard: rarely(fc.constant(false), true),
  phase: fc.constantFrom<Heartbeat['phase']>(
    'serving',
    'serving',
    'serving',
    'starting',
    'draining',
    'ending',
  ),
  accepting: fc.boolean(),
  full: rarely(fc.constant(true), false),
  sequence: fc.integer({ min: 1, max: 200 }),
  unstoredBytes: rarely(fc.constant(5_000_000), 0),
  passing: rarely(fc.constant(2), 0),
  shows: fc.oneof(fc.constant([]), fc.array(anyShow, { maxLength: 5 })),
  roomPoints: rarely(fc.integer({ min: 0, max: 8000 }), 4000),
  order: fc.option(
    fc.record({
      phase: fc.constantFrom('expire', 'drain', 'drain', 'serve'),
      reason: fc.constantFrom('scale-in', 'rollout', 'operator', 'image-broken'),
      generation: fc.integer({ min: 1, max: 4 }),
      expiredAt: ago(14 * hour),
    }),
    { freq: 3 },
  ),
  /** How far it is behind the order. */
  behind: rarely(fc.integer({ min: 1, max: 2 }), 0),
  /** Heartbeats ago. */
  emptySince: fc.option(fc.integer({ min: 0, max: 3 })),
  leftFrontAt: ago(10 * minute),
  isFront: fc.boolean(),
  hasTarget: rarely(fc.constant(false), true),
  hostState: rarely(fc.constantFrom('terminating', 'gone', 'launching'), 'running', 12),
  ready: rarely(fc.constant(false), true),
  isProtected: rarely(fc.constant(false), true),
  idleSince: fc.option(ago(20 * minute)),
});

function withTask(drawn: DrawnBy<typeof drawnTask>): HostWish {
  const { order, emptySince, idleSince } = drawn;
  const obeys = Math.max(0, (order?.generation ?? 0) - drawn.behind);
  const drains = order?.phase === 'drain' && drawn.behind === 0;
  return {
    host: {
      state: drawn.hostState,
      ready: drawn.ready,
      isProtected: drawn.isProtected,
      launchedAt: drawn.startedAt - 3 * minute,
    },
    task: { digest: drawn.digest, status: drawn.status, startedAt: drawn.startedAt },
    beat: drawn.isHeard && {
      at: now - drawn.age,
      phase: drains ? 'draining' : drawn.phase,
      accepting: drains || drawn.phase === 'draining' ? false : drawn.accepting || drawn.phase === 'serving',
      full: drawn.full,
      sequence: drawn.sequence,
      unstoredBytes: drawn.unstoredBytes,
      passing: drawn.passing,
      roomPoints: drawn.roomPoints,
      obeys,
    },
    shows: drawn.phase === 'starting' ? [] : drawn.shows,
    ...(order === null ? {} : { order }),
    ...(emptySince === null ? {} : { emptySince: drawn.sequence - emptySince }),
    leftFrontAt: drawn.leftFrontAt,
    front: drawn.isFront,
    target: drawn.hasTarget,
    mark: idleSince === null ? {} : { idleSince },
  };
}

const bareWish: fc.Arbitrary<HostWish> = fc
  .record({
    isLaunching: fc.boolean(),
    ready: rarely(fc.constant(false), true),
    launchedAt: ago(hour),
    idleSince: fc.option(ago(20 * minute)),
    startedAt: fc.option(ago(5 * minute)),
    hasAddress: fc.boolean(),
    isFront: rarely(fc.constant(true), false),
  })
  .map(({ isLaunching, ready, launchedAt, idleSince, startedAt, hasAddress, isFront }): HostWish => {
    if (isLaunching) return launching({ host: { launchedAt } });
    return idle({
      host: { ready, launchedAt },
      mark: {
        ...(idleSince === null ? {} : { idleSince }),
        ...(startedAt === null ? {} : { startedAt }),
      },
      front: isFront,
      ...(hasAddress ? {} : { address: false }),
    });
  });

/** As most are on most days. */
const soundWish: fc.Arbitrary<HostWish> = fc
  .record({
    digest: fc.constantFrom(oldImage, image),
    shows: fc.oneof(fc.constant([]), fc.array(anyShow, { maxLength: 4 })),
    isFront: fc.boolean(),
    leftFrontAt: ago(10 * minute),
    idleSince: ago(20 * minute),
    isToGo: rarely(fc.constant(true), false, 3),
    order: fc.record({
      phase: fc.constantFrom('expire', 'drain'),
      reason: fc.constantFrom('scale-in', 'rollout', 'canary'),
    }),
    emptySince: fc.constantFrom(99, 100),
  })
  .map(({ digest, isFront, isToGo, order, ...drawn }): HostWish => {
    const wish = Object.assign(drawn, { task: { digest }, front: isFront });
    return isToGo
      ? leaving(order.phase, Object.assign(wish, { order: { reason: order.reason } }))
      : Object.assign(wish, { mark: { idleSince: drawn.idleSince } });
  });

export const anyHost = fc.oneof(
  { arbitrary: soundWish, weight: 4 },
  { arbitrary: drawnTask.map(withTask), weight: 4 },
  { arbitrary: bareWish, weight: 1 },
);

/** What does not belong together: each changes the facts of a sound fleet of so many hosts. */
const anyNastiness = fc.record({
  orphans: rarely(fc.integer({ min: 1, max: 2 }), 0),
  foreign: rarely(fc.integer({ min: 1, max: 2 }), 0),
  spare: fc.uniqueArray(fc.integer({ min: 20, max: 30 }), { maxLength: 3 }),
  twins: rarely(fc.integer({ min: 1, max: 2 }), 0),
  /** A host's address has the slot of its neighbour, or its task was started with that. */
  swapped: rarely(fc.constantFrom('address', 'task'), 'none'),
  twoTasks: rarely(fc.constant(true), false),
  strayTarget: rarely(fc.constant(true), false),
  strayRecord: rarely(fc.constant(true), false),
  strayFront: rarely(fc.constant(true), false),
  shortGroup: rarely(fc.integer({ min: -2, max: 3 }), 0),
  maxHosts: rarely(fc.integer({ min: 1, max: 12 }), 100),
  release: fc.option(anyDigest, { freq: 8 }),
  requests: rarely(
    fc.array(
      fc.record({
        index: fc.nat({ max: 11 }),
        kind: fc.constantFrom<OperatorRequest['kind']>('drain', 'keep', 'force-stop'),
        at: ago(hour),
      }),
      { maxLength: 3 },
    ),
    [],
    2,
  ),
  event: fc.option(fc.integer({ min: 500, max: 12_000 }), { freq: 3 }),
});

type Nastiness = DrawnBy<typeof anyNastiness>;

function spoil(snapshot: Snapshot, hosts: number, drawn: Nastiness): Snapshot {
  const of = <Name extends SourceName>(name: Name): Facts[Name] => {
    const read = snapshot.sources[name];
    if (read === undefined) throw new Error(`no ${name}`);
    return read.value;
  };
  const indexes = (count: number, from: number): readonly number[] =>
    Array.from({ length: count }, (_, index) => from + index);
  let addresses: readonly AddressFact[] = [
    ...of('addresses'),
    ...indexes(drawn.foreign, 40).map((n) => ({
      addressId: `eip-${n}`,
      ip: ipOf(n),
      slot: slotOf(n),
      hostId: 'i-of-others',
    })),
    ...indexes(Math.min(drawn.twins, hosts), 0).map((n) => ({
      addressId: `eip-twin-${n}`,
      ip: ipOf(100 + n),
      slot: slotOf(n),
    })),
  ];
  let tasks: readonly TaskFact[] = [
    ...of('tasks'),
    ...indexes(drawn.orphans, 50).map((n) => ({
      taskId: taskOf(n),
      hostId: hostOf(n),
      slot: slotOf(n),
      digest: image,
      status: 'running' as const,
      startedAt: longAgo,
    })),
  ];
  const swap = <T extends { readonly slot: string }>(list: readonly T[]): readonly T[] =>
    list.map((each) => (each.slot === slotOf(0) ? { ...each, slot: slotOf(1) } : each));
  if (drawn.swapped === 'address') addresses = swap(addresses);
  if (drawn.swapped === 'task') tasks = swap(tasks);
  const [first] = tasks;
  if (drawn.twoTasks && first !== undefined) {
    tasks = [
      ...tasks,
      { ...first, taskId: `${first.taskId}-again`, status: 'pending', startedAt: now - minute },
    ];
  }
  const strayTarget: TargetFact = { slot: slotOf(0), targetId: '10.9.9.9', health: 'unhealthy' };
  const records = of('records');
  const digest = drawn.release;
  return {
    ...withFacts(snapshot, {
      addresses,
      tasks,
      targets: drawn.strayTarget ? [...of('targets'), strayTarget] : of('targets'),
      records: {
        front: drawn.strayFront ? [...records.front, '192.0.2.99'] : records.front,
        slots: drawn.strayRecord ? { ...records.slots, 'in-90': '192.0.2.90' } : records.slots,
      },
      group: { desired: Math.max(0, of('group').desired + drawn.shortGroup), maxHosts: drawn.maxHosts },
      requests: drawn.requests.map(({ index, kind, at }, n) => ({
        requestId: `request-${n}`,
        kind,
        taskId: taskOf(index),
        by: 'ada',
        reason: 'a test',
        at,
      })),
      events:
        drawn.event === null
          ? []
          : [{ eventId: 'final', startsAt: now - minute, endsAt: now + hour, extraPoints: drawn.event }],
      ...(digest === null ? {} : { release: { digest, pushedAt: now - hour } }),
    }),
    memory: snapshot.memory,
  };
}

const anyMark: fc.Arbitrary<ImageMark | undefined> = fc.constantFrom(
  undefined,
  { firstSeenAt: longAgo, failedTasks: [] },
  { firstSeenAt: longAgo, failedTasks: ['task-77'] },
  { firstSeenAt: longAgo, failedTasks: ['task-77', 'task-78'], brokenAt: now - hour },
  { firstSeenAt: longAgo, failedTasks: [], goodAt: now - hour, releasedAt: now - hour },
  { firstSeenAt: longAgo, failedTasks: [], goodAt: longAgo, releasedAt: longAgo },
);

const drawnPolicy = fc.record({
  min: fc.integer({ min: 0, max: 4 }),
  max: rarely(fc.integer({ min: 1, max: 8 }), 100),
  absolutePoints: fc.constantFrom(0, 1000, 2000, 6000),
  minimumShare: fc.constantFrom(0, 0.5, 0.5, 1),
  hysteresisPoints: fc.constantFrom(0, 2000),
  minAddresses: fc.constantFrom(1, 2, 2, 3),
  maxAddresses: fc.constantFrom(3, 28),
  expires: fc.constantFrom(1, 10),
  stops: fc.constantFrom(1, 20),
  quota: rarely(fc.integer({ min: 1, max: 8 }), 100),
  spare: fc.integer({ min: 0, max: 2 }),
  slots: rarely(fc.integer({ min: 1, max: 8 }), 100),
  hasDomain: fc.boolean(),
});

function policyOf(drawn: DrawnBy<typeof drawnPolicy>): Policy {
  return {
    ...policy,
    hosts: { ...policy.hosts, min: drawn.min, max: drawn.max },
    buffer: {
      ...policy.buffer,
      absolutePoints: drawn.absolutePoints,
      minimumShare: drawn.minimumShare,
      hysteresisPoints: drawn.hysteresisPoints,
    },
    front: { ...policy.front, minAddresses: drawn.minAddresses, maxAddresses: drawn.maxAddresses },
    rollout: { ...policy.rollout, patienceMs: 20 * minute },
    caps: { ...policy.caps, expires: drawn.expires, stops: drawn.stops },
    addresses: { ...policy.addresses, quota: drawn.quota, spare: drawn.spare },
    slots: slotNames(drawn.slots),
    hasDomain: drawn.hasDomain,
  };
}

export const anyPolicy: fc.Arbitrary<Policy> = drawnPolicy.map(policyOf);

const sourceNames: readonly SourceName[] = [
  'group',
  'hosts',
  'tasks',
  'addresses',
  'records',
  'targets',
  'release',
  'heartbeats',
  'orders',
  'requests',
  'events',
];

const anyFaults = rarely(
  fc.array(fc.tuple(fc.constantFrom(...sourceNames), fc.constantFrom(40 * second, hour, Infinity)), {
    minLength: 1,
    maxLength: 3,
  }),
  [],
  3,
);

export interface Drawn {
  readonly snapshot: Snapshot;
  readonly policy: Policy;
}

/** Every source was read. */
export const anyFleet: fc.Arbitrary<Drawn> = fc
  .record({
    hosts: fc.array(anyHost, { maxLength: 12 }),
    nastiness: anyNastiness,
    marks: fc.tuple(anyMark, anyMark, anyMark),
    remembers: rarely(fc.constant(false), true),
    lastScaleOutAt: fc.constantFrom(0, now - minute, now - hour),
    policy: anyPolicy,
  })
  .map(({ hosts, nastiness, marks, remembers, lastScaleOutAt, policy: drawn }) => {
    const sound = fleet({ hosts, spare: nastiness.spare, memory: { lastScaleOutAt } });
    const images = Object.fromEntries(
      [oldImage, image, nextImage].flatMap((digest, n) => {
        const mark = marks[n];
        return mark === undefined ? [] : [[digest, mark] as const];
      }),
    );
    const snapshot = spoil({ ...sound, memory: { ...sound.memory, images } }, hosts.length, nastiness);
    return { snapshot: remembers ? snapshot : { ...snapshot, memory: noMemory }, policy: drawn };
  });

/** Some sources are old, or were never read. */
export const anySnapshot: fc.Arbitrary<Drawn> = fc
  .tuple(anyFleet, anyFaults)
  .map(([{ snapshot, policy: drawn }, faults]) => ({
    snapshot: faults.reduce((facts, [name, age]) => unread(facts, age, name), snapshot),
    policy: drawn,
  }));
