/** What lists do not show, and what was asked for and does not come. */
import { describe, expect, it } from 'vitest';
import type { Facts, Snapshot } from '../../../core/fleet/snapshot.ts';
import { plan } from '../../../core/fleet/plan.ts';
import {
  actions,
  fleet,
  front,
  hour,
  inShort,
  lost,
  minute,
  now,
  planned,
  policy,
  readAt,
  second,
} from './fixture.ts';

const quiet = [front({ shows: 1 }), front({ shows: 1 })];
const factsOf = ({ sources }: Snapshot): Facts =>
  Object.fromEntries(Object.entries(sources).map(([name, read]) => [name, read?.value])) as unknown as Facts;

/** Passes of 10 s on facts of which all but the third task's heartbeat stay fresh. */
function decided(start: Snapshot, ms: number, change: (facts: Facts) => Partial<Facts>): readonly string[] {
  const found: string[] = [];
  let { memory } = start;
  for (let at = now; at <= now + ms; at += 10 * second) {
    const facts = factsOf(start);
    const heartbeats = facts.heartbeats.map((beat) =>
      beat.taskId === 'task-03' ? beat : { ...beat, at: at - second },
    );
    const made = plan(
      { sources: readAt({ ...facts, heartbeats, ...change(facts) }, at), memory },
      policy,
      at,
    );
    found.push(...inShort(made));
    memory = made.memory;
  }
  return found;
}

describe('a silent task with shows that the list of tasks leaves out', () => {
  const omitted = ({ tasks }: Facts): Partial<Facts> => ({
    tasks: tasks.filter(({ taskId }) => taskId !== 'task-03'),
  });

  it('keeps its host, also when that looks idle for far longer than an idle one stays', () => {
    const silent = fleet({ hosts: [...quiet, lost({ shows: 3 })] });
    expect(policy.scaleIn.idleMs).toBeLessThan(9 * minute);
    expect(decided(silent, 9 * minute, omitted)).toEqual([]);
  });

  it('does not keep it for ever: one that nobody has heard or listed for long has ended', () => {
    const silent = fleet({ hosts: [...quiet, lost({ shows: 3 })] });
    expect(decided(silent, 11 * minute, omitted)).toContain('terminate-host i-03');
  });
});

describe('hosts that were asked for and do not come', () => {
  const short = (lastScaleOutAt: number) =>
    planned({
      hosts: [front({ shows: 4 }), front({ shows: 4 })],
      sources: { group: { desired: 4, maxHosts: 100 } },
      memory: { lastScaleOutAt },
    });

  it('count as coming while they can be on their way', () => {
    const made = short(now - 2 * policy.hosts.leadMs);
    expect(made.alarms).toEqual([]);
  });

  it('are said when they are late, and raise the alarm of the room that they were to bring', () => {
    const made = short(now - hour);
    expect(actions(made, 'set-desired')).toEqual([]);
    expect(made.notes.map(({ text }) => text)).toContain('2 hosts have been asked for and do not come');
    expect(made.alarms.map(({ name, text }) => `${name}: ${text}`)).toEqual([
      'room-short: 0 points free, 1000 at least, 2 hosts have been asked for and do not come',
    ]);
  });
});
