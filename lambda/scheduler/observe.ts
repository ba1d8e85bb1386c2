import type { FleetStore, Infrastructure, InfrastructureSource, PassReport } from '../../core/fleet/ports.ts';
import type { Read, SourceName, Sources } from '../../core/fleet/snapshot.ts';
import type { Clock } from './clock.ts';
import { CallTimeoutError, messageOf } from './timeout.ts';

type CallErrors = PassReport['errors'];

/** Those of several pages first. Heartbeats last: they are to be newer than what they are compared with. */
const fromInfrastructure: readonly InfrastructureSource[] = [
  'tasks',
  'hosts',
  'targets',
  'addresses',
  'records',
  'group',
  'release',
];
const fromStore = ['events', 'requests', 'orders', 'heartbeats'] as const;
const sources: readonly SourceName[] = [...fromInfrastructure, ...fromStore];

const isFromStore = (name: SourceName): name is (typeof fromStore)[number] =>
  (fromStore as readonly SourceName[]).includes(name);

/**
 * Reads every source, a few at once. One that fails, or does not answer in time, keeps what was known of it
 * with the time of that reading; the planner decides whether that is still knowledge (policy.staleness).
 */
export async function observe(options: {
  readonly infrastructure: Infrastructure;
  readonly store: FleetStore;
  readonly clock: Clock;
  readonly previous: Sources | undefined;
  /** For all of them together: a source that hangs takes only its own place among the parallel ones. */
  readonly withinMs: number;
  readonly parallel: number;
}): Promise<{ readonly sources: Sources; readonly errors: CallErrors }> {
  const { infrastructure, store, clock, previous, withinMs, parallel } = options;
  const found: Partial<Record<SourceName, Read<unknown>>> = {};
  const failed: Partial<Record<SourceName, string>> = {};
  const abort = new AbortController();
  const { signal } = abort;
  let next = 0;

  const reader = async (): Promise<void> => {
    for (let name = sources[next]; name !== undefined && !signal.aborted; name = sources[next]) {
      next += 1;
      // When the reading began: what it says may have been true only then.
      const at = clock.now();
      try {
        const value = await (isFromStore(name) ? store[name]() : infrastructure.read(name, signal));
        if (!signal.aborted) found[name] = { at, value };
      } catch (error) {
        if (!signal.aborted) failed[name] = messageOf(error);
      }
    }
  };

  await new Promise<void>((resolve) => {
    const cancel = clock.after(withinMs, () => {
      abort.abort(new CallTimeoutError(`not read in ${withinMs} ms`));
      resolve();
    });
    void Promise.all(Array.from({ length: parallel }, reader)).then(() => {
      cancel();
      resolve();
    });
  });

  const errors: CallErrors[number][] = [];
  for (const name of sources) {
    if (found[name] !== undefined) continue;
    errors.push({ call: name, message: failed[name] ?? `not read in ${withinMs} ms` });
    const before = previous?.[name];
    if (before !== undefined) found[name] = before;
  }
  return {
    sources: {
      group: undefined,
      hosts: undefined,
      tasks: undefined,
      addresses: undefined,
      records: undefined,
      targets: undefined,
      release: undefined,
      heartbeats: undefined,
      orders: undefined,
      requests: undefined,
      events: undefined,
      ...(found as Partial<Sources>),
    },
    errors,
  };
}
