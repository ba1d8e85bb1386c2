import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Sweep } from '../../tools/aws-emulators/proxy/faults.ts';
import { bundleOnce, Fleet, quickPolicy } from './fleet.ts';
import { expectTidy, wholeLife } from './life.ts';
import { useMinutes } from './minutes.ts';
import { setStage, useEmulatedAws } from './stage.ts';

const aws = useEmulatedAws();
const minutes = useMinutes();
let lambda: Awaited<ReturnType<typeof bundleOnce>>;
beforeAll(async () => {
  lambda = await bundleOnce();
});
afterAll(() => lambda.remove());

/** Whole number below `most`, the same for the same words. */
function picked(words: string, most: number): number {
  let hash = 2_166_136_261;
  for (const letter of words) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 16_777_619);
  return (hash >>> 0) % most;
}

/** Calls that change something are few: the first of each is broken. Of the others, one of the first dozen. */
const changes = /^(?:Allocate|Associate|Change|Delete|Deregister|Register|Release|Run|Set|Stop|Terminate)/;

const sweeps: readonly (Pick<Sweep, 'kind' | 'times'> & { readonly what: string; readonly seed: number })[] =
  [
    { what: 'is throttled until the SDK gives up', kind: 'throttle', times: 3, seed: 1 },
    { what: 'breaks off until the SDK gives up', kind: 'reset', times: 3, seed: 2 },
    { what: 'is done, not answered, and repeated by the SDK', kind: 'lost-reply', times: 1, seed: 3 },
    { what: 'is done, and never answered', kind: 'lost-reply', times: 3, seed: 4 },
  ];

describe('a fleet of which every call once', () => {
  it.each(sweeps)('$what lives as if nothing were, and nothing leaks', async ({ kind, times, seed }) => {
    const stage = await setStage(aws());
    process.env['POLICY'] = JSON.stringify(quickPolicy);
    process.env['LOG_LEVEL'] = 'silent';
    const fleet = await Fleet.open(stage, { file: lambda.file, minutes });
    onTestFinished(() => fleet.close());
    const { faults } = stage.aws.proxy;
    faults.sweep({
      kind,
      times,
      after: (service, operation) =>
        changes.test(operation) ? 0 : picked(`${seed} ${service} ${operation}`, 12),
    });
    await wholeLife(fleet);
    await expectTidy(fleet, 1);
    const struck = new Set(faults.struck.map(({ operation }) => operation));
    // Every call of the Lambda but those that a life makes less than a dozen times and that change nothing.
    expect([...struck].filter((operation) => changes.test(operation)).length).toBeGreaterThanOrEqual(11);
    expect(struck.size).toBeGreaterThanOrEqual(20);
  });
});
