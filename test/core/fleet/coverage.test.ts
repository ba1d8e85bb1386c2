import fc from 'fast-check';
import { expect, it } from 'vitest';
import { plan } from '../../../core/fleet/plan.ts';
import { anySnapshot } from './arbitrary.ts';
import { now } from './fixture.ts';

it('the snapshots that are drawn lead to decisions of every kind, so that no property holds for want of cases', () => {
  const found = new Map<string, number>();
  for (const { snapshot, policy } of fc.sample(anySnapshot, { numRuns: 4000, seed: 1 })) {
    const { decisions, limitedBy } = plan(snapshot, policy, now);
    const words = decisions.map(({ action, reason }) =>
      action.kind === 'write-order' ? `${action.order.phase} ${reason}` : `${action.kind} ${reason}`,
    );
    for (const word of [...words, ...limitedBy]) found.set(word, (found.get(word) ?? 0) + 1);
  }
  const often = [...found].filter(([, times]) => times >= 10).map(([word]) => word);
  expect(often).toEqual(
    expect.arrayContaining([
      'expire scale-in',
      'expire rollout',
      'expire operator',
      'drain scale-in',
      'drain rollout',
      'serve demand-came-back',
      'serve operator',
      'stop-task scale-in',
      'stop-task rollout',
      'stop-task never-served',
      'stop-task operator',
      'terminate-host host-idle',
      'terminate-host host-lost',
      'start-task canary',
      'start-task scale-out',
      'associate-address address',
      'allocate-address address',
      'release-address clean-up',
      'forget-task clean-up',
      'address quota',
      'host maximum',
      'slots',
      'stale facts',
      'image broken',
    ]),
  );
});
