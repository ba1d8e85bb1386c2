import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import type { Sweep } from '../../tools/aws-emulators/proxy/faults.ts';
import { bundleOnce, Fleet, quickPolicy } from './fleet.ts';
import { expectTidy, wholeLife } from './life.ts';
import { useMinutes } from './minutes.ts';
import { setStage, useEmulatedAws } from './stage.ts';

/** The bundle, the emulators and the minutes, for a test file; answers with what opens an empty fleet. */
export function useFleet(): () => Promise<Fleet> {
  const aws = useEmulatedAws();
  const minutes = useMinutes();
  let lambda: Awaited<ReturnType<typeof bundleOnce>>;
  beforeAll(async () => {
    lambda = await bundleOnce();
  });
  afterAll(() => lambda.remove());
  return async () => {
    const stage = await setStage(aws());
    process.env['POLICY'] = JSON.stringify(quickPolicy);
    process.env['LOG_LEVEL'] = 'silent';
    const fleet = await Fleet.open(stage, { file: lambda.file, minutes });
    onTestFinished(() => fleet.close());
    return fleet;
  };
}

/** Whole number below `most`, the same for the same words. */
function picked(words: string, most: number): number {
  let hash = 2_166_136_261;
  for (const letter of words) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 16_777_619);
  return (hash >>> 0) % most;
}

/** Calls that change something are few: the first of each is broken. Of the others, one of the first dozen. */
const changes = /^(?:Allocate|Associate|Change|Delete|Deregister|Register|Release|Run|Set|Stop|Terminate)/;

/** A whole life in which every operation meets the fault once; then everything has to belong together. */
export async function liveThrough(
  fleet: Fleet,
  { kind, times, seed }: Pick<Sweep, 'kind' | 'times'> & { readonly seed: number },
): Promise<void> {
  const { faults } = fleet.stage.aws.proxy;
  faults.sweep({
    kind,
    times,
    after: (service, operation) =>
      changes.test(operation) ? 0 : picked(`${seed} ${service} ${operation}`, 12),
  });
  await wholeLife(fleet);
  await expectTidy(fleet, 1);
  const struck = new Set(faults.struck.map(({ operation }) => operation));
  // Fewer would mean that the sweep missed what the life is made of.
  expect([...struck].filter((operation) => changes.test(operation)).length).toBeGreaterThanOrEqual(11);
  expect(struck.size).toBeGreaterThanOrEqual(20);
}
