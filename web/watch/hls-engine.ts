import { default as Hls, type HlsConfig, type LevelDetails, type LoadPolicy } from 'hls.js';
import type { Engine, EngineEvents } from './engine.ts';
import type { From, SourceKind } from './player-state.ts';
import type { Level } from './quality.ts';
import { mediaTimeAt, type Anchor } from './time-shift.ts';

/** Farther behind than this, hls.js jumps to the edge (video.md 5.1). */
const maxLatencyS = 8;

/**
 * hls.js gives up on 4xx and on failed connections at once and then marks every level as bad. While the
 * encoder is away the live window answers 503, a task that ends 404 or nothing, and all of that passes:
 * so retry with the same level, for longer than the grace window of 60 s.
 */
const patient = (maxTimeToFirstByteMs: number): LoadPolicy => {
  const retry = { maxNumRetry: 40, retryDelayMs: 500, maxRetryDelayMs: 2_500, backoff: 'linear' as const };
  return {
    default: {
      maxTimeToFirstByteMs,
      maxLoadTimeMs: 20_000,
      timeoutRetry: { ...retry, retryDelayMs: 0 },
      errorRetry: {
        ...retry,
        shouldRetry: (config, count) => config !== undefined && config !== null && count < config.maxNumRetry,
      },
    },
  };
};

/** What an edge answers to somebody without the right cookies. */
const isDenied = (status: number | undefined): boolean => status === 401 || status === 403;

function configFor(kind: SourceKind): Partial<HlsConfig> {
  return {
    // Muxed fMP4 is only split by hls.js, not remuxed: a worker would cost a copy and gain nothing.
    enableWorker: false,
    autoStartLoad: false,
    lowLatencyMode: kind === 'live',
    // video.md 2.5: the defaults are 1 (no catching up) and 1 s more delay for every stall.
    maxLiveSyncPlaybackRate: kind === 'live' ? 1.1 : 1,
    liveSyncOnStallIncrease: 0.25,
    capLevelToPlayerSize: true,
    // Start in the middle of the ladder: the default of 500 kbit/s shows everybody 160p first.
    abrEwmaDefaultEstimate: 3_500_000,
    testBandwidth: false,
    // The viewer's choice, and the lowest level of a hidden page, outlive an error.
    preserveManualLevelOnError: true,
    // A level that failed once may come back: the ladder returns with the encoder.
    errorPenaltyExpireMs: 10_000,
    backBufferLength: 60,
    maxBufferLength: kind === 'live' ? 10 : 24,
    // Blocking reloads are held up to 6 s.
    playlistLoadPolicy: patient(10_000),
    fragLoadPolicy: patient(10_000),
    enableID3MetadataCues: false,
    enableEmsgMetadataCues: false,
    enableDateRangeMetadataCues: false,
  };
}

const anchorsOf = (details: LevelDetails): readonly Anchor[] =>
  details.fragments.flatMap((fragment) =>
    fragment.programDateTime === null
      ? []
      : [{ atMs: fragment.programDateTime, startS: fragment.start, durationS: fragment.duration }],
  );

export const hlsSupported = (): boolean => Hls.isSupported();

export function createHlsEngine(video: HTMLVideoElement, events: EngineEvents): Engine {
  let hls: Hls | undefined;
  let url = '';
  let kind: SourceKind = 'live';
  let forcedLevel = -1;
  let edge = true;
  /** A date to go to as soon as a playlist says where it is. */
  let wanted: number | undefined;

  const anchors = (): readonly Anchor[] => {
    const details = hls?.latestLevelDetails;
    return details === null || details === undefined ? [] : anchorsOf(details);
  };

  function applyEdge(): void {
    if (hls === undefined) return;
    // Set on the running config and not given to the constructor, which would demand liveSyncDuration
    // beside it; that in turn would override the stream's own PART-HOLD-BACK.
    hls.config.liveMaxLatencyDuration = kind === 'live' && edge ? maxLatencyS : Number.POSITIVE_INFINITY;
    hls.config.maxLiveSyncPlaybackRate = kind === 'live' && edge ? 1.1 : 1;
    // With 1 hls.js leaves the rate as it last set it.
    if (!edge) video.playbackRate = 1;
  }

  function start(from: From): void {
    const fresh = new Hls(configFor(kind));
    hls = fresh;
    applyEdge();
    fresh.on(Hls.Events.MANIFEST_PARSED, () => {
      // Another source may number its levels otherwise: the listener says the level anew.
      forcedLevel = -1;
      events.onLevels();
      // -1 means the edge, also in an archive that still grows.
      fresh.startLoad(from === 'edge' ? -1 : 0);
      // Until the playlist has said where the wanted date lies, no segment shall be loaded: hls.js 1.7.4
      // does not get over the abort of its first one. startLoad itself lifts an earlier pause.
      if (wanted !== undefined) fresh.pauseBuffering();
    });
    fresh.once(Hls.Events.LEVEL_LOADED, (_, { details }) => {
      if (wanted === undefined) return;
      const time = mediaTimeAt(anchorsOf(details), wanted);
      wanted = undefined;
      // Only now is it known where the date lies. A seek before the first picture would be lost.
      fresh.startLoad(time ?? 0);
    });
    fresh.on(Hls.Events.LEVEL_SWITCHED, events.onLevels);
    fresh.on(Hls.Events.ERROR, (_, { fatal, type, response }) => {
      if (isDenied(response?.code)) {
        // No patience: only new cookies help. Stopped, hls.js forgets the retries that it had planned, and
        // as it was told to retry, it holds nothing against the level.
        fresh.stopLoad();
        events.onFailed('denied');
      } else if (fatal) events.onFailed(type === Hls.ErrorTypes.MEDIA_ERROR ? 'media' : 'network');
    });
    fresh.attachMedia(video);
    fresh.loadSource(url);
  }

  function close(): void {
    hls?.destroy();
    hls = undefined;
    wanted = undefined;
  }

  return {
    open(nextUrl, nextKind, from) {
      hls?.destroy();
      url = nextUrl;
      kind = nextKind;
      edge = from === 'edge';
      wanted = typeof from === 'object' ? from.atMs : undefined;
      start(from);
    },
    resume() {
      if (hls === undefined) return;
      if (hls.levels.length === 0) hls.loadSource(url);
      else hls.startLoad(-1);
    },
    recoverMedia: () => hls?.recoverMediaError(),
    seekToDate(atMs) {
      const time = mediaTimeAt(anchors(), atMs);
      if (time === undefined) wanted = atMs;
      else video.currentTime = time;
    },
    seekToEdge() {
      edge = true;
      applyEdge();
      const position = hls?.liveSyncPosition;
      if (position !== null && position !== undefined) video.currentTime = position;
    },
    setLevel(index, soon) {
      if (hls === undefined || index === forcedLevel) return;
      forcedLevel = index;
      if (soon) hls.nextLevel = index;
      else hls.loadLevel = index;
    },
    stayAtEdge(on) {
      edge = on;
      applyEdge();
    },
    levels: () =>
      (hls?.levels ?? []).map((level, index): Level => ({
        index,
        width: level.width,
        height: level.height,
        bitrateBps: level.bitrate,
      })),
    currentLevel: () => hls?.currentLevel ?? -1,
    maxLevel: () => hls?.maxAutoLevel ?? -1,
    anchors,
    playingDateMs: () => hls?.playingDate?.getTime(),
    latencyS: () => (hls === undefined || hls.latency === 0 ? undefined : hls.latency),
    behindNewestS: () => {
      const edgeS = hls?.latestLevelDetails?.edge;
      const holdBackS = hls?.targetLatency ?? undefined;
      return edgeS === undefined || holdBackS === undefined
        ? undefined
        : edgeS - holdBackS - video.currentTime;
    },
    close,
    destroy: close,
  };
}
