import type { EncodingListener } from '../../../core/media/flow.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';

export interface Clock {
  now(): number;
}

/** The encoder's socket: paused while ffmpeg takes nothing more, so that memory stays bounded. */
export interface BackPressure {
  pause(): void;
  resume(): void;
}

export interface EncodingLimits {
  /** After end() ffmpeg has so long for its last fragments; measured 0.1–0.4 s, more on a loaded machine. */
  readonly flushMs: number;
  /** Bytes waiting for ffmpeg's stdin at which the encoder's socket is paused: 2.8 s at 6 Mbps. */
  readonly pauseAtBytes: number;
  /** Bytes waiting for the plan, and at most for ffmpeg: a listener or a pipe that hangs. */
  readonly maxQueuedBytes: number;
  /** An ffmpeg that takes no input for so long is killed. */
  readonly stuckMs: number;
  /** Waits before a restart, each with up to a quarter more; the last one repeats for ever. */
  readonly backOffMs: readonly number[];
  /** A run of this length starts the back-off afresh. */
  readonly healthyAfterMs: number;
  readonly tickMs: number;
}

export const defaultLimits: EncodingLimits = {
  flushMs: 1_500,
  pauseAtBytes: 2 * 1024 ** 2,
  maxQueuedBytes: 32 * 1024 ** 2,
  stuckMs: 10_000,
  backOffMs: [100, 500, 1_000, 2_000, 5_000],
  healthyAfterMs: 30_000,
  tickMs: 1_000,
};

export interface StartEncodingOptions {
  /** The number of the encoder's connection in its broadcast: first half of every run's name. */
  readonly session: number;
  readonly listener: EncodingListener;
  /** The program, a name or a path. */
  readonly ffmpeg: string;
  /** x264 preset. */
  readonly preset: string;
  /** What the encoder called itself when it connected; its metadata may say it better. */
  readonly encoder: string | undefined;
  readonly clock: Clock;
  /** 0 up to 1: jitter of restarts. */
  readonly random: () => number;
  readonly log: Logger;
  readonly backPressure: BackPressure;
  readonly limits?: Partial<EncodingLimits>;
}

export interface EncodingStats {
  readonly ffmpegRestarts: number;
  /** Video frames that the encoder sent. */
  readonly frames: number;
  readonly bytes: number;
  /** CPU of all of the session's ffmpeg processes, as last seen; 0 where there is no /proc. */
  readonly cpuSeconds: number;
}
