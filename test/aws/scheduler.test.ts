import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { emulatorOptions } from '../../tools/aws-emulators/gaps/direct.ts';
import { bundleOnce } from './fleet.ts';
import { expectTidy, wholeLife } from './life.ts';
import { judge } from './requests.ts';
import { useFleet } from './sweep.ts';

const openFleet = useFleet();

const writes = /^(?:Allocate|Associate|Change|Deregister|Register|Release|Run|Set|Stop|Terminate)/;

describe('the bundled Lambda', () => {
  it('is one file of less than 1.5 MB', async () => {
    const bundle = await bundleOnce();
    bundle.remove();
    expect(bundle.bytes).toBeLessThan(1_500_000);
  });

  it('leads a fleet from nothing to serving, out, through a release, and in again', async () => {
    const fleet = await openFleet();
    await wholeLife(fleet);
    await expectTidy(fleet, 1);
    expect(fleet.errors).toEqual([]);

    const calls = fleet.stage.aws.proxy.calls.map(({ call }) => call);
    const verdict = judge(calls);
    expect(verdict.wrong).toEqual([]);
    expect(verdict.checked).toBeGreaterThan(100);
    // The judge is no use unless it sees what is wrong.
    const start = calls.find(({ operation }) => operation === 'RunTask');
    const bad = {
      service: 'ecs',
      operation: 'RunTask',
      input: { ...start?.input, count: 'one', token: 't' },
    } as const;
    expect(judge([bad]).wrong.join()).toMatch(/Invalid type for parameter count.*|Unknown parameter.*token/s);
  });

  it('does nothing, and says why, until the first image has been pushed', async () => {
    const fleet = await openFleet();
    const result = await fleet.invoke();
    expect(result).toMatchObject({ kind: 'not-ready' });
    expect(result).toHaveProperty('missing', expect.stringContaining('no image has been pushed yet'));
    expect(fleet.stage.aws.proxy.calls.filter(({ call }) => writes.test(call.operation))).toEqual([]);
  });

  it('does nothing, and says why, until the fleet table is there', async () => {
    const fleet = await openFleet();
    const client = new DynamoDBClient(emulatorOptions(fleet.stage.aws.url));
    await client.send(new DeleteTableCommand({ TableName: 'test-fleet' }));
    client.destroy();
    const result = await fleet.invoke();
    expect(result).toEqual({ kind: 'not-ready', missing: 'the fleet table is not there yet' });
  });
});
