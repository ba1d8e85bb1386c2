/**
 * What passes between the rooms of the ingest task:
 * rtmp server → MediaMessage → encoding (ffmpeg) → Fragment → packager → FinishedSegment → archive.
 */
import type { Ladder, Rendition } from './ladder.ts';
import type { Timing } from './timing.ts';

/** One RTMP audio, video or data message as the encoder sent it. */
export interface MediaMessage {
  readonly kind: 'audio' | 'video' | 'data';
  /** RTMP timestamp in milliseconds, 32 bit, as sent: may jump, wrap or go back. */
  readonly timestampMs: number;
  /** FLV tag body (audio, video) or AMF0 (data, '@setDataFrame' already removed). */
  readonly payload: Uint8Array;
}

/** Why an encoder's connection ended. Only `finished` ends the broadcast at once; the others interrupt it. */
export type SessionEnd =
  /** FCUnpublish, deleteStream or closeStream. */
  | 'finished'
  /** The socket closed or failed. */
  | 'dropped'
  /** No data for the idle limit. */
  | 'idle'
  /** It broke the protocol. */
  | 'violation'
  /** The same key connected again. */
  | 'taken-over'
  /** The server is ending. */
  | 'shutdown';

/** What is known of the encoder's stream once its headers have been read. */
export interface SourceInfo {
  readonly hasVideo: boolean;
  readonly hasAudio: boolean;
  readonly width: number;
  readonly height: number;
  /** Announced or measured frames a second; undefined when neither says anything useful. */
  readonly framesPerSecond: number | undefined;
  /** For example `obs-output module (libobs version 30.0.2)`; free text from the network. */
  readonly encoder: string | undefined;
}

/** How a broadcast is encoded. Fixed for the whole broadcast, over all of its sessions. */
export interface EncodingPlan {
  readonly ladder: Ladder;
  readonly timing: Timing;
}

/** A warning for the broadcaster. `code` is stable, `text` says what to do. */
export interface InputWarning {
  readonly code:
    | 'key-frame-interval'
    | 'transcode-slow'
    | 'no-audio'
    | 'no-video'
    | 'timestamp-jump'
    | 'frame-rate-unsteady'
    | 'bitrate-high'
    | 'input-stalled'
    | 'input-slow'
    /** Of the server, not of the stream: it will go when its shows have ended. */
    | 'server-renewing';
  readonly text: string;
}

/** The state of the incoming stream, measured about once a second; shown in the studio. */
export interface InputState {
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  readonly videoBitrateBps: number;
  readonly audioBitrateBps: number;
  /** Seconds between the last key frames; undefined before the second one. */
  readonly keyFrameIntervalS: number | undefined;
  readonly videoCodec: string | undefined;
  readonly audioCodec: string | undefined;
  readonly encoder: string | undefined;
  /** Media seconds produced per wall-clock second over the last few seconds; below 1 viewers stall. */
  readonly transcodeSpeed: number | undefined;
  /** CPU seconds per wall-clock second of this broadcast's ffmpeg. */
  readonly transcodeCpu: number | undefined;
  readonly ffmpegRestarts: number;
  readonly warnings: readonly InputWarning[];
}

/** One `moof`+`mdat` of one rendition: exactly a part, or shorter at the end of a run. */
export interface Fragment {
  readonly bytes: Uint8Array;
  /** Decode time of the first video sample since the start of the run, in seconds (tfdt / timescale). */
  readonly startS: number;
  /** Duration of the video track's samples in seconds. */
  readonly durationS: number;
  /** Starts with a key frame. */
  readonly independent: boolean;
}

/**
 * A run is what one ffmpeg process made: one init segment per rendition and one timeline. Every
 * session starts one; a restarted ffmpeg starts another. A new run is a DISCONTINUITY.
 */
export interface Run {
  /** `<session>-<attempt>`, unique inside the broadcast over all tasks; part of every media file's name. */
  readonly id: string;
  /** Wall clock (ms since 1970) of media time 0 of the run: EXT-X-PROGRAM-DATE-TIME counts from it. */
  readonly startedAtMs: number;
}

/** What an encoding tells the broadcast that holds it. Calls come in order. */
export interface EncodingListener {
  /** The source is known: answer with the plan (the broadcast's own if it has one already). */
  plan(source: SourceInfo): Promise<EncodingPlan>;
  runStarted(run: Run): void;
  init(run: Run, rendition: Rendition, bytes: Uint8Array): void;
  fragment(run: Run, rendition: Rendition, fragment: Fragment): void;
  runEnded(run: Run): void;
  thumbnail(jpeg: Uint8Array): void;
  input(state: InputState): void;
  /** Another codec than H.264 and AAC, or nothing usable: the connection must be refused with this text. */
  refused(description: string): void;
}

/** A segment that will not change any more, or a hole where one should have been. Names follow core/media/names.ts. */
export type FinishedSegment = MediaSegment | GapSegment;

export interface MediaSegment {
  readonly kind: 'media';
  readonly rendition: string;
  /** Media sequence number: aligned over the renditions and going on over sessions and tasks. */
  readonly msn: number;
  readonly run: string;
  /** First segment of its run (and not the first of the broadcast). */
  readonly discontinuity: boolean;
  readonly durationS: number;
  readonly programDateTimeMs: number;
  /** The parts' bytes in order: their concatenation is the segment. */
  readonly chunks: readonly Uint8Array[];
  /** The run's init segment of this rendition. */
  readonly init: Uint8Array;
}

export interface GapSegment {
  readonly kind: 'gap';
  readonly rendition: string;
  readonly msn: number;
  readonly run: string;
  readonly discontinuity: boolean;
  readonly durationS: number;
  readonly programDateTimeMs: number;
}
