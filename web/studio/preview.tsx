import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Api } from '../api/client.ts';

/** A small silent picture of what viewers see. Loads hls.js only when asked for. */
export function Preview({ api, broadcastId }: { readonly api: Api; readonly broadcastId: string }) {
  const on = useSignal(false);
  return (
    <div class="preview">
      {on.value && <PreviewVideo api={api} broadcastId={broadcastId} />}
      <div class="preview-actions">
        <button type="button" class="button" aria-pressed={on.value} onClick={() => (on.value = !on.value)}>
          {on.value ? 'Hide preview' : 'Show preview'}
        </button>
        <a class="button" href={`/watch/${encodeURIComponent(broadcastId)}`}>
          Open the watch page
        </a>
      </div>
    </div>
  );
}

function PreviewVideo({ api, broadcastId }: { readonly api: Api; readonly broadcastId: string }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    let stopped = false;
    let stop = (): void => undefined;
    void (async () => {
      const [{ createHlsEngine, hlsSupported }, { createNativeEngine }, playback] = await Promise.all([
        import('../watch/hls-engine.ts'),
        import('../watch/native-engine.ts'),
        api.playback(broadcastId),
      ]);
      if (stopped || video.current === null || playback.live === undefined) return;
      const { live } = playback;
      const element = video.current;
      const reopen = (): void => engine.open(live, 'live', 'edge');
      let timer: ReturnType<typeof setTimeout> | undefined;
      const events = {
        onLevels: () => undefined,
        onFailed: () => {
          timer = setTimeout(reopen, 3_000);
        },
      };
      const engine = hlsSupported() ? createHlsEngine(element, events) : createNativeEngine(element, events);
      reopen();
      element.play().catch(() => undefined);
      stop = () => {
        clearTimeout(timer);
        engine.destroy();
      };
    })().catch(() => undefined);
    return () => {
      stopped = true;
      stop();
    };
  }, [api, broadcastId]);
  return <video ref={video} muted playsInline autoPlay aria-label="Preview without sound" />;
}
