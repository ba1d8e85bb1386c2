/**
 * The real planner and the real loop on a fleet that boots, takes shows and gets a new image, while calls fail in
 * every way they can: at the end everything has to be in its place, and no show may have been cut off.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fate, Fates } from '../../fakes/fleet/line.ts';
import { images, LivingFleet } from './living-fleet.ts';

interface Story {
  readonly fleet: LivingFleet;
  /** Every call of the time in which faults happen, by its number. */
  readonly calls: readonly string[];
}

/** Boots a fleet, begins a show, releases an image; ends the show, and gives the fleet time to come to rest. */
async function tell(
  fates: Fates,
  options: { readonly restMinutes: number; readonly onCall?: (fleet: LivingFleet, n: number) => void },
): Promise<Story> {
  const fleet = new LivingFleet();
  const calls: string[] = [];
  const withFaults = async (minutes: number): Promise<void> => {
    const from = calls.length;
    await fleet.invoke(minutes, {
      fates: ({ name, n }) => fates({ name, n: from + n }),
      onCall: (name) => {
        calls.push(name);
        options.onCall?.(fleet, calls.length);
      },
    });
  };
  await withFaults(2);
  fleet.publish(0);
  fleet.stage.world.release = { digest: images.second, pushedAt: fleet.stage.clock.now() };
  await withFaults(4);
  fleet.endShows();
  await withFaults(2);
  fleet.endShows();
  await fleet.invoke(options.restMinutes);
  return { fleet, calls };
}

const isChange = (name: string): boolean =>
  name.includes('-') || ['writeOrder', 'forgetTask', 'acquireLease'].includes(name);

describe('the scheduler', () => {
  it('boots a fleet, brings it to a new image around a show, and comes to rest', async () => {
    const { fleet, calls } = await tell(() => 'done', { restMinutes: 4 });
    expect(fleet.unrest(images.second)).toEqual([]);
    expect(new Set(calls.filter((call) => call.includes('-'))).size).toBe(13);
    const stops = fleet.stage.store.lines.filter(({ action }) => action === 'stop-task');
    expect(stops.length).toBeGreaterThanOrEqual(2);
    expect(new Set(stops.map(({ outcome }) => outcome))).toEqual(new Set(['done']));
  });

  it('makes no change any more once the fleet is at rest', async () => {
    const { fleet } = await tell(() => 'done', { restMinutes: 6 });
    const lines = fleet.stage.store.lines.length;
    const { lines: quiet } = await fleet.invoke(5);
    expect(quiet.flatMap(({ calls }) => calls).filter((call) => call.includes('-'))).toEqual([]);
    expect(fleet.stage.store.lines.length).toBe(lines);
  });

  describe.each<Fate>(['lost', 'unreachable', 'throttled', 'hang', 'crash-before', 'crash-after'])(
    'when a change meets the fate "%s"',
    (fate) => {
      it('comes to the same end, whichever change it is', async () => {
        const { calls } = await tell(() => 'done', { restMinutes: 0 });
        const changes = calls.flatMap((name, n) => (isChange(name) ? [n] : []));
        expect(changes.length).toBeGreaterThan(30);
        const unrest = new Map<string, readonly string[]>();
        for (const change of changes) {
          const { fleet } = await tell(({ n }) => (n === change ? fate : 'done'), { restMinutes: 5 });
          const found = fleet.unrest(images.second);
          if (found.length > 0) unrest.set(`${change} ${calls[change]}`, found);
        }
        expect(Object.fromEntries(unrest)).toEqual({});
      });
    },
  );

  it('comes to the same end when calls of all kinds fail again and again, and shows begin at any moment', async () => {
    const faults = fc.record({
      at: fc.dictionary(
        fc.integer({ min: 0, max: 600 }).map(String),
        fc.constantFrom<Fate>('lost', 'unreachable', 'throttled', 'hang', 'crash-before', 'crash-after'),
        { minKeys: 5, maxKeys: 60 },
      ),
      shows: fc.array(fc.tuple(fc.integer({ min: 50, max: 600 }), fc.nat(3)), { maxLength: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(faults, async ({ at, shows }) => {
        const begins = new Map(shows);
        const { fleet } = await tell(({ n }) => at[n] ?? 'done', {
          restMinutes: 12,
          onCall: (each, n) => {
            const which = begins.get(n);
            if (which !== undefined) each.publish(which);
          },
        });
        expect(fleet.unrest(images.second)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});
