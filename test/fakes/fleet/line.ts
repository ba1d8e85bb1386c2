import { FleetCallError, type FleetStore, type Infrastructure } from '../../../core/fleet/ports.ts';
import type { FleetWorld } from './world.ts';
import type { FakeStore } from './store.ts';

/** What becomes of a call. `lost`: it is done, but its answer never comes. A crash: its maker hears nothing any more. */
export type Fate =
  | 'done'
  | 'throttled'
  | 'refused'
  | 'unreachable'
  | 'lost'
  | 'hang'
  | 'crash-before'
  | 'crash-after';

/** `read tasks`, `start-task`, `writeOrder` …; `n` counts the calls of this line from 0. */
export type Fates = (call: { readonly name: string; readonly n: number }) => Fate;

export interface Line {
  readonly infrastructure: Infrastructure;
  readonly store: FleetStore;
  /** Names of the calls that were made, in their order. */
  readonly calls: readonly string[];
  /** A call was answered by a crash: its program is as good as dead. */
  readonly isCrashed: () => boolean;
}

/** One program's way to the world, on which calls meet their fates. */
export function connect(
  world: FleetWorld,
  store: FakeStore,
  options: { readonly fates?: Fates; readonly before?: (name: string) => void } = {},
): Line {
  const calls: string[] = [];
  let isCrashed = false;
  const silence = new Promise<never>(() => undefined);

  const call = async <T>(name: string, work: () => T): Promise<T> => {
    if (isCrashed) return silence;
    const fate = options.fates?.({ name, n: calls.length }) ?? 'done';
    calls.push(name);
    options.before?.(name);
    switch (fate) {
      case 'done':
        return work();
      case 'throttled':
      case 'refused':
      case 'unreachable':
        throw new FleetCallError(`${name}: ${fate}`, { kind: fate });
      case 'lost':
        work();
        throw new FleetCallError(`${name}: no answer`, { kind: 'unreachable' });
      case 'hang':
        return silence;
      case 'crash-after':
        work();
        isCrashed = true;
        return silence;
      case 'crash-before':
      default:
        isCrashed = true;
        return silence;
    }
  };

  return {
    calls,
    isCrashed: () => isCrashed,
    infrastructure: {
      read: (source) => call(`read ${source}`, () => world.read(source)),
      act: (action) => call(action.kind, () => world.act(action)),
    },
    store: {
      heartbeats: () => call('heartbeats', () => store.heartbeats()),
      heartbeat: (taskId) => call('heartbeat', () => store.heartbeat(taskId)),
      orders: () => call('orders', () => store.orders()),
      requests: () => call('requests', () => store.requests()),
      events: () => call('events', () => store.events()),
      report: () => call('report', () => store.report),
      writeOrder: (order, lease) => call('writeOrder', () => store.writeOrder(order, lease)),
      writePeers: (peers, lease) => call('writePeers', () => store.writePeers(peers, lease)),
      forgetTask: (taskId, lease) => call('forgetTask', () => store.forgetTask(taskId, lease)),
      writeReport: (report, lease) => call('writeReport', () => store.writeReport(report, lease)),
      logDecisions: (lines, lease) => call('logDecisions', () => store.logDecisions(lines, lease)),
      acquireLease: (wish) => call('acquireLease', () => store.acquireLease(wish)),
      renewLease: (lease, now, leaseMs) => call('renewLease', () => store.renewLease(lease, now, leaseMs)),
      releaseLease: (lease) => call('releaseLease', () => store.releaseLease(lease)),
    },
  };
}
