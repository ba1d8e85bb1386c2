import { signal, type ReadonlySignal } from '@preact/signals';

export interface Autoplay {
  /** The browser allowed playing only without sound, or not at all. */
  readonly blocked: ReadonlySignal<'sound' | 'play' | undefined>;
  readonly play: () => void;
  readonly destroy: () => void;
}

const forbidden = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'NotAllowedError';

/** Starts a video as far as the browser lets a page that nobody has touched yet. */
export function createAutoplay(video: HTMLVideoElement): Autoplay {
  const blocked = signal<'sound' | 'play' | undefined>(undefined);

  async function play(): Promise<void> {
    try {
      await video.play();
      if (!video.muted) blocked.value = undefined;
    } catch (error) {
      // Anything else is a play that the next source or a pause has overtaken.
      if (!forbidden(error)) return;
      if (video.muted) {
        blocked.value = 'play';
        return;
      }
      video.muted = true;
      blocked.value = 'sound';
      await video.play().catch(() => (blocked.value = 'play'));
    }
  }

  const onVolume = (): void => {
    if (!video.muted && blocked.value === 'sound') blocked.value = undefined;
  };
  video.addEventListener('volumechange', onVolume);
  return {
    blocked,
    play: () => void play(),
    destroy: () => video.removeEventListener('volumechange', onVolume),
  };
}
