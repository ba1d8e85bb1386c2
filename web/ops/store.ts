/** What the console knows: the last view of the fleet, whether it is still true, and what is picked. */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { FleetView, HostView } from '../../core/api/ops.ts';
import { measureOffset } from '../api/clock.ts';
import type { Api } from '../api/client.ts';
import { Refused, Unreachable, wordsOf } from '../api/ask.ts';
import { keyOf, subjectOf } from './arrange.ts';
import { createLogStore, type LogStore } from './log-store.ts';
import type { OpsApi, WishKind } from './ops-api.ts';
import { poll, type PollDependencies } from './polling.ts';

const everyMs = 2_000;
/** Long enough to leave an API alone that is down, short enough for somebody who waits for it. */
const maxMs = 30_000;
/** Six passes of about 10 s. */
export const silentAfterMs = 60_000;

/** Why there is nothing to see, and asking again does not help before somebody has done something. */
export type Hindrance =
  | { readonly kind: 'forbidden'; readonly text: string }
  | { readonly kind: 'signed-out' };

export interface Outage {
  readonly text: string;
  /** The API lives and says this itself. */
  readonly fromApi: boolean;
  /** By the own clock. */
  readonly againAt: number;
}

export interface Wished {
  readonly kind: WishKind;
  readonly at: number;
  readonly requestId: string;
}

export interface Store {
  readonly fleet: ReadonlySignal<FleetView | undefined>;
  readonly hindrance: ReadonlySignal<Hindrance | undefined>;
  readonly outage: ReadonlySignal<Outage | undefined>;
  /** The server's time, by the second. */
  readonly nowMs: ReadonlySignal<number>;
  /** Since when the scheduler has not finished a pass; undefined while it does. */
  readonly silentSince: ReadonlySignal<number | undefined>;
  readonly picked: ReadonlySignal<HostView | undefined>;
  /** Its key, also while the host is out of the view. */
  readonly pickedKey: Signal<string | undefined>;
  readonly log: LogStore;
  /** The last wish for each task that was left here. */
  readonly wished: ReadonlySignal<ReadonlyMap<string, Wished>>;
  readonly pick: (host: HostView | undefined) => void;
  readonly wish: (kind: WishKind, taskId: string, reason: string) => Promise<void>;
  readonly tryNow: () => void;
  readonly start: () => () => void;
}

export function createStore(options: {
  readonly api: OpsApi;
  readonly time: Pick<Api, 'time'>;
  readonly clock: { now(): number };
  readonly random: () => number;
  readonly page: PollDependencies['page'];
}): Store {
  const { api, clock, random, page } = options;
  const fleet = signal<FleetView | undefined>(undefined);
  const hindrance = signal<Hindrance | undefined>(undefined);
  const outage = signal<Outage | undefined>(undefined);
  const offsetMs = signal(0);
  const ownMs = signal(clock.now());
  /** When the API was last heard: it alone knows whether the scheduler works, and a hidden page does not ask. */
  const heardMs = signal(0);
  const nowMs = computed(() => ownMs.value + offsetMs.value);
  const pickedKey = signal<string | undefined>(undefined);
  const wished = signal<ReadonlyMap<string, Wished>>(new Map());
  const log = createLogStore(api);
  let polling: ReturnType<typeof poll> | undefined;

  const work = async (): Promise<void> => {
    try {
      const view = await api.fleet();
      heardMs.value = clock.now();
      outage.value = undefined;
      // Between two passes nothing changes: nothing is drawn again, and the log has no new line.
      if (view.at === fleet.value?.at) return;
      fleet.value = view;
      await log.renew();
    } catch (error) {
      const found = hindranceOf(error);
      if (found === undefined) throw error;
      hindrance.value = found;
      outage.value = undefined;
      polling?.stop();
    }
  };

  return {
    fleet,
    hindrance,
    outage,
    nowMs,
    silentSince: computed(() => {
      const at = fleet.value?.at;
      return at !== undefined && heardMs.value + offsetMs.value - at > silentAfterMs ? at : undefined;
    }),
    picked: computed(() => fleet.value?.hosts.find((host) => keyOf(host) === pickedKey.value)),
    pickedKey,
    log,
    wished,
    pick: (host) => {
      pickedKey.value = host && keyOf(host);
      log.about(host && subjectOf(host));
    },
    wish: async (kind, taskId, reason) => {
      const { requestId } = await api.wish(kind, taskId, reason);
      wished.value = new Map([...wished.value, [taskId, { kind, requestId, at: nowMs.value }]]);
    },
    tryNow: () => void polling?.now(),
    start: () => {
      const ticker = setInterval(() => (ownMs.value = clock.now()), 1_000);
      void measureOffset(options.time, clock).then((measured) => (offsetMs.value = measured));
      polling = poll({
        work,
        everyMs,
        maxMs,
        random,
        page,
        failed: (error, againMs) => {
          const said = error instanceof Unreachable ? error.said : undefined;
          outage.value = {
            text: said ?? wordsOf(error),
            fromApi: said !== undefined,
            againAt: clock.now() + againMs,
          };
        },
      });
      return () => {
        clearInterval(ticker);
        polling?.stop();
      };
    },
  };
}

function hindranceOf(error: unknown): Hindrance | undefined {
  if (error instanceof Refused && error.status === 401) return { kind: 'signed-out' };
  if (error instanceof Refused && error.status === 403) return { kind: 'forbidden', text: error.message };
  return undefined;
}
