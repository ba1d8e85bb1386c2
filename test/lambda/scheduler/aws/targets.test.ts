import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { describe, expect, it } from 'vitest';
import { slotNames } from '../../../../core/fleet/policy.ts';
import { createTargets, type Targets } from '../../../../lambda/scheduler/aws/targets.ts';

interface Side {
  readonly targets: Targets;
  /** Slots whose health was asked for since the last time. */
  asked(): readonly string[];
  /** Health of a slot's one target. */
  readonly health: Map<string, string>;
  now: number;
  failing: boolean;
}

/** A load balancer of so many slots, each with a healthy target. */
function openSide(count: number): Side {
  const slots = slotNames(count);
  const health = new Map(slots.map((slot) => [slot, 'healthy']));
  let asked: string[] = [];
  const client = new ElasticLoadBalancingV2Client({ region: 'us-east-1' });
  const answer = (operation: string, arn: string): object => {
    if (operation === 'DescribeTargetGroupsCommand')
      return {
        TargetGroups: [
          ...slots.map((slot) => ({ TargetGroupName: `p-${slot}`, TargetGroupArn: slot })),
          { TargetGroupName: 'another', TargetGroupArn: 'another' },
        ],
      };
    if (operation !== 'DescribeTargetHealthCommand') return {};
    asked.push(arn);
    return { TargetHealthDescriptions: [{ Target: { Id: arn }, TargetHealth: { State: health.get(arn) } }] };
  };
  Object.assign(client, {
    send: (command: { constructor: { name: string }; input: { TargetGroupArn?: string } }) =>
      side.failing && asked.length >= 10
        ? Promise.reject(Object.assign(new Error('slowly'), { name: 'Throttling' }))
        : Promise.resolve(answer(command.constructor.name, command.input.TargetGroupArn ?? '')),
  });
  const side: Side = {
    targets: createTargets({ client, prefix: 'p', port: 8935, now: () => side.now }),
    asked: () => {
      const before = asked;
      asked = [];
      return before;
    },
    health,
    now: 1_000_000,
    failing: false,
  };
  return side;
}

const { signal } = new AbortController();
const passMs = 10_000;

describe('reading the targets', () => {
  it('asks for all at first, and says them all in every pass', async () => {
    const side = openSide(40);
    expect(await side.targets.read(signal)).toHaveLength(40);
    expect(side.asked()).toHaveLength(40);
    side.now += passMs;
    expect(await side.targets.read(signal)).toHaveLength(40);
  });

  it('asks for a few quiet ones in a pass, and for every one within 200 s', async () => {
    const side = openSide(100);
    await side.targets.read(signal);
    side.asked();
    const seen = new Set<string>();
    for (let pass = 0; pass < 20; pass += 1) {
      side.now += passMs;
      await side.targets.read(signal);
      const asked = side.asked();
      expect(asked).toHaveLength(5);
      for (const slot of asked) seen.add(slot);
    }
    expect(seen.size).toBe(100);
  });

  it('asks in every pass for what is not settled', async () => {
    const side = openSide(100);
    side.health.set('in-07', 'initial');
    await side.targets.read(signal);
    for (let pass = 0; pass < 3; pass += 1) {
      side.asked();
      side.now += passMs;
      await side.targets.read(signal);
      expect(side.asked()).toContain('in-07');
    }
    side.health.set('in-07', 'healthy');
    side.now += passMs;
    const facts = await side.targets.read(signal);
    expect(facts.find(({ slot }) => slot === 'in-07')?.health).toBe('healthy');
  });

  it.each(['register', 'deregister'] as const)('asks for a slot again after a %s', async (change) => {
    const side = openSide(100);
    await side.targets.read(signal);
    await side.targets[change]('in-93', '10.0.0.1', signal);
    side.asked();
    side.now += passMs;
    await side.targets.read(signal);
    expect(side.asked()).toContain('in-93');
  });

  it('asks for all again when it has not looked for long: another one may have acted', async () => {
    const side = openSide(40);
    await side.targets.read(signal);
    side.asked();
    side.now += 31_000;
    await side.targets.read(signal);
    expect(side.asked()).toHaveLength(40);
  });

  it('gets on from pass to pass when it is throttled at its first look', async () => {
    const side = openSide(30);
    side.failing = true;
    let passes = 0;
    const seen = new Set<string>();
    for (; passes < 10; passes += 1) {
      const done = await side.targets.read(signal).then(
        () => true,
        () => false,
      );
      for (const slot of side.asked()) seen.add(slot);
      side.now += passMs;
      if (done) break;
    }
    expect(seen.size).toBe(30);
    expect(passes).toBeLessThan(5);
  });
});
