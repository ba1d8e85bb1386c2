import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
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

async function openFleet(): Promise<Fleet> {
  const stage = await setStage(aws());
  process.env['POLICY'] = JSON.stringify(quickPolicy);
  process.env['LOG_LEVEL'] = 'silent';
  const fleet = await Fleet.open(stage, { file: lambda.file, minutes });
  onTestFinished(() => fleet.close());
  return fleet;
}

describe('the bundled Lambda', () => {
  it('is one file that a cold start reads quickly', () => {
    expect(lambda.bytes).toBeLessThan(1_500_000);
  });

  it('leads a fleet from nothing to serving, out, through a release, and in again', async () => {
    const fleet = await openFleet();
    await wholeLife(fleet);
    await expectTidy(fleet, 1);
    expect(fleet.errors).toEqual([]);
  });
});
