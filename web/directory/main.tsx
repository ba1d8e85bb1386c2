import { useSignal } from '@preact/signals';
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { measureOffset } from '../api/clock.ts';
import { wordsOf, type Api } from '../api/client.ts';
import { refresh } from '../api/refresh.ts';
import { Frame } from '../design/frame.tsx';
import { mountPoint } from '../design/mount.ts';
import { createHere } from '../session/here.ts';
import { Card } from './card.tsx';
import { extended, renewed, type Listing } from './listing.ts';

/** The list is public and kept by the CDN: asking more often would show nothing newer. */
const refreshMs = 6_000;

function Directory({ api }: { readonly api: Api }) {
  const listing = useSignal<Listing | undefined>(undefined);
  const trouble = useSignal<string | undefined>(undefined);
  const loadingMore = useSignal(false);
  const [offsetMs, setOffsetMs] = useState(0);
  const nowMs = useSignal(Date.now());

  useEffect(() => {
    void measureOffset(api, Date).then(setOffsetMs);
    const ticker = setInterval(() => (nowMs.value = Date.now()), 1_000);
    const stop = refresh({
      work: async () => {
        try {
          listing.value = renewed(listing.value, await api.directory());
          trouble.value = undefined;
        } catch (error) {
          trouble.value = wordsOf(error);
        }
      },
      everyMs: refreshMs,
      random: Math.random,
      page: document,
    });
    return () => {
      clearInterval(ticker);
      stop();
    };
  }, [api]);

  const more = async (): Promise<void> => {
    const before = listing.value;
    if (before?.nextCursor === undefined) return;
    loadingMore.value = true;
    try {
      const page = await api.directory(before.nextCursor);
      listing.value = extended(listing.value ?? before, page);
    } catch (error) {
      trouble.value = wordsOf(error);
    }
    loadingMore.value = false;
  };

  const shown = listing.value;
  const now = nowMs.value + offsetMs;
  return (
    <Frame here="directory">
      <div role="status" aria-live="polite">
        {trouble.value !== undefined && <p class="notice notice-warn">{trouble.value}</p>}
      </div>
      {shown === undefined ? (
        trouble.value === undefined && <Waiting />
      ) : (
        <>
          <section aria-labelledby="live-title">
            <h1 id="live-title" class="section-title">
              Live now
              {shown.live.length > 0 && <span class="count">{shown.live.length}</span>}
            </h1>
            {shown.live.length > 0 ? (
              <ul class="cards" data-list="live">
                {shown.live.map((show) => (
                  <Card key={show.broadcastId} show={show} nowMs={now} />
                ))}
              </ul>
            ) : (
              <Empty />
            )}
          </section>
          {shown.recordings.length > 0 && (
            <section aria-labelledby="recordings-title">
              <h2 id="recordings-title" class="section-title">
                Recordings
              </h2>
              <ul class="cards" data-list="recordings">
                {shown.recordings.map((show) => (
                  <Card key={show.broadcastId} show={show} nowMs={now} />
                ))}
              </ul>
              {shown.nextCursor !== undefined && (
                <button
                  type="button"
                  class="button more"
                  disabled={loadingMore.value}
                  onClick={() => void more()}
                >
                  {loadingMore.value ? 'Loading …' : 'Show more'}
                </button>
              )}
            </section>
          )}
        </>
      )}
    </Frame>
  );
}

const Empty = () => (
  <div class="empty">
    <p class="empty-title">Nobody is live right now</p>
    <p>Be the first: make a channel in the studio, put its address and key into OBS, and start streaming.</p>
    <a class="button primary" href="/studio">
      Open the studio
    </a>
  </div>
);

const Waiting = () => (
  <section aria-busy="true" aria-label="Loading shows">
    <h1 class="section-title">Live now</h1>
    <ul class="cards" aria-hidden="true">
      {[0, 1, 2].map((n) => (
        <li class="card card-waiting" key={n}>
          <div class="thumb" />
          <div class="line" />
        </li>
      ))}
    </ul>
  </section>
);

const { api } = createHere();
render(<Directory api={api} />, mountPoint());
