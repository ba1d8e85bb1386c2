import type { Action, Decision, Note, Plan } from '../../../core/fleet/decision.ts';
import type { Order } from '../../../core/fleet/heartbeat.ts';
import { noMemory } from '../../../core/fleet/memory.ts';
import type { Lease } from '../../../core/fleet/ports.ts';
import type { Sources } from '../../../core/fleet/snapshot.ts';
import type { SchedulerLog } from '../../../lambda/scheduler/pass.ts';
import { FakeClock } from '../../fakes/fleet/clock.ts';
import { FakeStore } from '../../fakes/fleet/store.ts';
import { FleetWorld } from '../../fakes/fleet/world.ts';
import { noon, reportOf } from './contract/store.ts';

export const slots = ['in-01', 'in-02', 'in-03', 'in-04'] as const;

export interface Stage {
  readonly clock: FakeClock;
  readonly world: FleetWorld;
  readonly store: FakeStore;
  /** What was logged, as `level message`. */
  readonly logged: string[];
  readonly log: SchedulerLog;
  /** Takes the lease for a holder of this name. */
  lease(holder?: string, leaseMs?: number): Lease;
}

export function newStage(options: { readonly maxHosts?: number; readonly digest?: string } = {}): Stage {
  const clock = new FakeClock(noon);
  const store = new FakeStore(() => clock.now());
  const logged: string[] = [];
  const say = (level: string) => (message: string) => {
    logged.push(`${level} ${message}`);
  };
  return {
    clock,
    store,
    world: new FleetWorld({
      clock,
      slots,
      maxHosts: options.maxHosts ?? 4,
      digest: options.digest ?? 'sha256:a',
    }),
    logged,
    log: { info: say('info'), warn: say('warn'), error: say('error') },
    lease(holder = 'a', leaseMs = 30_000) {
      const lease = store.acquireLease({ holder, now: clock.now(), leaseMs });
      if (lease === undefined) throw new Error(`${holder} did not get the lease`);
      return lease;
    },
  };
}

export const noSources: Sources = {
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
};

export const decisionOf = (action: Action, subject: Decision['subject'] = {}): Decision => ({
  action,
  subject,
  reason: 'steady',
  text: action.kind,
});

export const planOf = (decisions: readonly Decision[], notes: readonly Note[] = []): Plan => ({
  ...reportOf(noon, 1).plan,
  decisions,
  notes,
  memory: noMemory,
});

export const protect = (hostId: string): Action => ({ kind: 'protect-host', hostId });

export const allocate = (slot: string): Action => ({ kind: 'allocate-address', slot });

export const writeOrder = (order: Order): Action => ({ kind: 'write-order', order });

export const stop = (taskId: string, forced = false): Action => ({
  kind: 'stop-task',
  taskId,
  reason: 'a test',
  forced,
});

/** What a promise becomes while time passes; fails when nothing is left that could settle it. */
export async function settled<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  let value: { readonly of: T } | undefined;
  const run = promise.then((of) => {
    value = { of };
  });
  await clock.run(run);
  await (value === undefined ? Promise.race([run, Promise.resolve()]) : run);
  if (value === undefined) throw new Error('it hangs');
  return value.of;
}
