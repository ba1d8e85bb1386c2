/** The planner's time for a great fleet, and how it grows. */
import { plan } from '../core/fleet/plan.ts';
import type { Policy } from '../core/fleet/policy.ts';
import { slotNames } from '../core/fleet/policy.ts';
import type { Snapshot } from '../core/fleet/snapshot.ts';
import {
  fleet,
  front,
  hour,
  idle,
  image,
  launching,
  leaving,
  lost,
  minute,
  now,
  oldImage,
  policy,
  serving,
  starting,
  type HostWish,
} from '../test/core/fleet/fixture.ts';

const sizes = [250, 500, 1000, 2000, 4000] as const;
const rounds = 60;
/** Compiled on the way. */
const warmUpRounds = 10;

/** A rollout at a busy hour: of twenty hosts so many in each state. */
const kinds: readonly (() => HostWish)[] = [
  ...Array.from({ length: 3 }, () => () => front({ shows: 7 })),
  ...Array.from({ length: 5 }, () => () => serving({ shows: 8 })),
  ...Array.from({ length: 2 }, () => () => serving({ shows: 8, task: { digest: oldImage } })),
  () => serving({ task: { digest: oldImage }, mark: { idleSince: now - hour } }),
  () => leaving('expire', { shows: 8, leftFrontAt: now - minute, order: { reason: 'rollout' } }),
  () => leaving('drain', { shows: 8, task: { digest: oldImage }, order: { reason: 'rollout' } }),
  () => leaving('drain', { shows: 7, task: { digest: oldImage }, order: { reason: 'rollout' } }),
  () => leaving('drain', { emptySince: 90 }),
  () => lost(),
  () => starting(),
  () => starting({ task: { status: 'pending' } }),
  () => idle({ mark: { idleSince: now - hour } }),
  () => launching(),
];

function fleetOf(hosts: number): Snapshot {
  const snapshot = fleet({
    hosts: Array.from({ length: hosts }, (_, index) => {
      const wish = kinds[index % kinds.length]?.() ?? {};
      return wish.beat === false ? wish : { ...wish, beat: { roomPoints: 10_000, ...wish.beat } };
    }),
    memory: {
      images: {
        [oldImage]: { firstSeenAt: 0, failedTasks: [], goodAt: 1, releasedAt: now - hour },
        [image]: { firstSeenAt: 0, failedTasks: [], goodAt: now - hour, releasedAt: now },
      },
    },
  });
  return snapshot;
}

function shuffled<T>(list: readonly T[]): readonly T[] {
  const left = [...list];
  for (let at = left.length - 1; at > 0; at -= 1) {
    const other = Math.floor(Math.random() * (at + 1));
    [left[at], left[other]] = [left[other] as T, left[at] as T];
  }
  return left;
}

/** Every list is another one in another order, as a pass reads them: nothing that was kept for a list helps. */
const asRead = ({ sources, memory }: Snapshot): Snapshot => ({
  memory,
  sources: Object.fromEntries(
    Object.entries(sources).map(([name, read]) => [
      name,
      read !== undefined && Array.isArray(read.value)
        ? { ...read, value: shuffled(read.value as unknown[]) }
        : read,
    ]),
  ) as unknown as Snapshot['sources'],
});

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

interface Measured {
  readonly hosts: number;
  readonly broadcasts: number;
  readonly decisions: number;
  readonly cpuMs: number;
  readonly wallMs: number;
}

/** One plan in turn for each size, many times: whatever else the machine does hits them all alike. */
function measure(): readonly Measured[] {
  const cases = sizes.map((hosts) => ({ hosts, snapshot: fleetOf(hosts), big: policyFor(hosts) }));
  const cpu = new Map<number, number[]>(sizes.map((hosts) => [hosts, []]));
  const wall = new Map<number, number[]>(sizes.map((hosts) => [hosts, []]));
  const figures = new Map<number, Pick<Measured, 'decisions' | 'broadcasts'>>();
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    for (const { hosts, snapshot, big } of cases) {
      const read = asRead(snapshot);
      const [cpuStart, wallStart] = [process.threadCpuUsage(), performance.now()];
      const made = plan(read, big, now);
      const [spent, wallMs] = [process.threadCpuUsage(cpuStart), performance.now() - wallStart];
      figures.set(hosts, { decisions: made.decisions.length, broadcasts: made.figures.broadcasts });
      if (round < 0) continue;
      cpu.get(hosts)?.push((spent.user + spent.system) / 1000);
      wall.get(hosts)?.push(wallMs);
    }
  }
  return sizes.map((hosts) => ({
    hosts,
    broadcasts: figures.get(hosts)?.broadcasts ?? 0,
    decisions: figures.get(hosts)?.decisions ?? 0,
    cpuMs: median(cpu.get(hosts) ?? []),
    wallMs: median(wall.get(hosts) ?? []),
  }));
}

const policyFor = (hosts: number): Policy => ({
  ...policy,
  hosts: { ...policy.hosts, max: 2 * hosts, roomPoints: 10_000 },
  addresses: { ...policy.addresses, quota: 2 * hosts },
  slots: slotNames(2 * hosts),
});

export async function run(): Promise<Readonly<Record<string, number>>> {
  const measured = measure();
  const of = (hosts: number): Measured => {
    const found = measured.find((each) => each.hosts === hosts);
    if (found === undefined) throw new Error(`${hosts} hosts were not measured`);
    return found;
  };
  const perUnit = ({ hosts, cpuMs }: Measured): number => cpuMs / (hosts * Math.log2(hosts));
  console.log(`medians of ${rounds} plans, lists freshly shuffled for each; CPU time is what counts: the machine
may do other things meanwhile\n`);
  console.log('  hosts  broadcasts  decisions    CPU ms   wall ms   CPU ms / (n log n), 1000 hosts = 1');
  for (const each of measured) {
    const relative = (perUnit(each) / perUnit(of(1000))).toFixed(2);
    console.log(
      [each.hosts, each.broadcasts, each.decisions, each.cpuMs.toFixed(2), each.wallMs.toFixed(2), relative]
        .map((cell, column) => String(cell).padStart([7, 12, 11, 10, 10, 10][column] ?? 10))
        .join(''),
    );
  }
  // 1 is exactly n log n from 250 to 4,000 hosts, 16 would be n² log n.
  const growth = perUnit(of(4000)) / perUnit(of(250));
  return { hosts: 1000, plan_ms: round(of(1000).cpuMs), growth: round(growth) };
}

const round = (value: number): number => Math.round(value * 100) / 100;
