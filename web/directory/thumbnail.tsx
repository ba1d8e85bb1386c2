import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Mark } from '../design/frame.tsx';

/** How often the ingest task makes a new picture (core/api/types.ts). */
const renewMs = 10_000;

/** Loads the next picture in the background and only then shows it: no flicker, and a failed one changes nothing. */
export function Thumbnail({
  address,
  live,
}: {
  readonly address: string | undefined;
  readonly live: boolean;
}) {
  const shown = useSignal<string | undefined>(undefined);
  useEffect(() => {
    if (address === undefined) return undefined;
    let stopped = false;
    const load = (): void => {
      if (document.hidden && shown.value !== undefined) return;
      // The edge drops the query; it only keeps the browser from showing its own older copy.
      const url = live ? `${address}?at=${Math.floor(Date.now() / renewMs)}` : address;
      const image = new Image();
      image.src = url;
      image.decode().then(
        () => {
          if (!stopped) shown.value = url;
        },
        () => undefined,
      );
    };
    load();
    const timer = live ? setInterval(load, renewMs) : undefined;
    return () => {
      stopped = true;
      clearInterval(timer);
    };
  }, [address, live]);
  return (
    <div class="thumb">
      {shown.value === undefined ? <Mark /> : <img src={shown.value} alt="" width={640} height={360} />}
    </div>
  );
}
