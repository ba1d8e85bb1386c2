import type { Store } from './store.ts';
import { clock, span, stamp } from './words.ts';

/** Whether what is shown is true now. Alone in its component: it is drawn every second. */
export function Pulse({ store }: { readonly store: Store }) {
  const at = store.fleet.value?.at;
  const outage = store.outage.value;
  const nowMs = store.nowMs.value;
  const silentSince = store.silentSince.value;
  return (
    <div class="pulse">
      {outage !== undefined && (
        <p class="notice notice-warn" data-pulse="outage">
          <span>
            {at !== undefined && `${outage.text} `}
            Trying again at {clock(outage.againAt)}.
          </span>
          {at !== undefined && (
            <button type="button" class="button" onClick={store.tryNow}>
              Try now
            </button>
          )}
        </p>
      )}
      {silentSince !== undefined && (
        <p class="notice notice-bad" data-pulse="silent">
          <span>
            <b>Scheduler silent since {stamp(silentSince, nowMs)}</b> ({span(nowMs - silentSince)}). Nothing
            below is newer, and nothing is started or stopped. What to do:{' '}
            <code>docs/runbook.md#scheduler-silent</code>
          </span>
        </p>
      )}
      {at !== undefined && outage === undefined && silentSince === undefined && (
        <p class="pulse-live" data-pulse="live">
          <i class="pulse-dot" aria-hidden="true" /> Live, last pass {span(nowMs - at)} ago
        </p>
      )}
    </div>
  );
}
