import type { Engine, EngineEvents } from './engine.ts';

/** Safari's own addition: the program date time of media time 0. */
interface WithStartDate extends HTMLVideoElement {
  getStartDate?(): Date;
}

/**
 * The browser plays HLS itself (iPhones before iOS 17.1 have no Media Source of any kind). It picks the
 * rendition by its own rules, which include the player's size, and stops when in the background.
 */
export function createNativeEngine(video: HTMLVideoElement, events: EngineEvents): Engine {
  let url = '';
  let wanted: number | undefined;

  const startDateMs = (): number | undefined => {
    const ms = (video as WithStartDate).getStartDate?.().getTime();
    return ms === undefined || Number.isNaN(ms) ? undefined : ms;
  };

  function goToWanted(): void {
    const startMs = startDateMs();
    if (wanted === undefined || startMs === undefined) return;
    video.currentTime = Math.max(0, (wanted - startMs) / 1000);
    wanted = undefined;
  }

  const edgeS = (): number | undefined => {
    const { seekable } = video;
    return seekable.length === 0 ? undefined : Math.max(0, seekable.end(seekable.length - 1) - 2);
  };

  function seekToEdge(): void {
    video.currentTime = edgeS() ?? video.currentTime;
  }

  function close(): void {
    wanted = undefined;
    video.removeAttribute('src');
    video.load();
  }

  const onLoaded = (): void => {
    goToWanted();
    events.onLevels();
  };
  const onError = (): void => events.onFailed(video.error?.code === 3 ? 'media' : 'network');
  video.addEventListener('loadedmetadata', onLoaded);
  video.addEventListener('error', onError);

  return {
    open(nextUrl, _kind, from) {
      url = nextUrl;
      wanted = typeof from === 'object' ? from.atMs : undefined;
      video.src = url;
      video.load();
    },
    resume() {
      video.src = url;
      video.load();
    },
    recoverMedia() {
      video.src = url;
      video.load();
    },
    seekToDate(atMs) {
      wanted = atMs;
      goToWanted();
    },
    seekToEdge,
    setLevel: () => undefined,
    stayAtEdge: () => undefined,
    levels: () => [],
    currentLevel: () => -1,
    maxLevel: () => -1,
    anchors: () => {
      const startMs = startDateMs();
      const { seekable } = video;
      if (startMs === undefined || seekable.length === 0) return [];
      const startS = seekable.start(0);
      return [
        {
          atMs: startMs + startS * 1000,
          startS,
          durationS: seekable.end(seekable.length - 1) - startS,
        },
      ];
    },
    playingDateMs: () => {
      const startMs = startDateMs();
      return startMs === undefined ? undefined : startMs + video.currentTime * 1000;
    },
    latencyS: () => undefined,
    behindNewestS: () => {
      const newestS = edgeS();
      return newestS === undefined ? undefined : newestS - video.currentTime;
    },
    close,
    destroy() {
      video.removeEventListener('loadedmetadata', onLoaded);
      video.removeEventListener('error', onError);
      close();
    },
  };
}
