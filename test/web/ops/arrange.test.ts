import { describe, expect, it } from 'vitest';
import { viewFleet } from '../../../core/fleet/view.ts';
import { arrange, arrangements, keyOf, search } from '../../../web/ops/arrange.ts';
import { fleetReport } from '../../support/fleet/report.ts';

const { hosts } = viewFleet(fleetReport({ hosts: 40, now: Date.UTC(2026, 10, 20) }));

describe('hosts', () => {
  it.each(arrangements)('by %s are all there, each once', (by) => {
    const shown = arrange(hosts, by).flatMap((group) => group.hosts);
    expect(shown.map(keyOf).toSorted()).toEqual(hosts.map(keyOf).toSorted());
    expect(new Set(shown.map(keyOf)).size).toBe(40);
  });

  it('keep their order inside a group', () => {
    for (const group of arrange(hosts, 'state'))
      expect(group.hosts).toEqual(hosts.filter((host) => group.hosts.includes(host)));
  });

  it('with a state of a newer scheduler stand last, under its word', () => {
    const [first] = hosts;
    if (first?.task === undefined) throw new Error('no task');
    const strange = { ...first, task: { ...first.task, state: 'dreaming' as never } };
    expect(arrange([strange, ...hosts.slice(1)], 'state').at(-1)).toMatchObject({ title: 'Dreaming' });
  });

  it.each([
    ['IN-03', 1],
    ['draining', 6],
    ['draining scale-in', 4],
    ['198.18.0.4', 1],
    ['   ', 40],
    ['nothing like it', 0],
  ])('are found by %j: %i', (text, count) => expect(search(hosts, text)).toHaveLength(count));
});
