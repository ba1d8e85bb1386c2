import { signal } from '@preact/signals';

const key = 'tidecast.volume';

/** Volume and mute of the video, remembered from show to show. */
export function createSound(video: HTMLVideoElement, storage: Pick<Storage, 'getItem' | 'setItem'>) {
  const remembered = Number.parseFloat(storage.getItem(key) ?? '1');
  const volume = signal(remembered >= 0 && remembered <= 1 ? remembered : 1);
  const muted = signal(video.muted);
  video.volume = volume.value;
  const onChange = (): void => {
    volume.value = video.volume;
    muted.value = video.muted || video.volume === 0;
    storage.setItem(key, String(video.volume));
  };
  video.addEventListener('volumechange', onChange);
  return {
    volume,
    muted,
    set: (next: number): void => {
      video.volume = Math.min(1, Math.max(0, next));
      video.muted = next <= 0;
    },
    toggle: (): void => {
      if (video.muted && video.volume === 0) video.volume = 0.5;
      video.muted = !video.muted;
    },
    destroy: () => video.removeEventListener('volumechange', onChange),
  };
}

export type Sound = ReturnType<typeof createSound>;
