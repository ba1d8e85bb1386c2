/**
 * The show's time (program date time, ms since 1970) and the media's time (seconds on the video element).
 * They run in step inside a session and jump between sessions, so the way goes over the segments.
 */
export interface Anchor {
  /** Program date time of the segment's start. */
  readonly atMs: number;
  readonly startS: number;
  readonly durationS: number;
}

const endMs = (anchor: Anchor): number => anchor.atMs + anchor.durationS * 1000;

/** The media time that shows `atMs`; in a gap between sessions, the first picture after it. */
export function mediaTimeAt(anchors: readonly Anchor[], atMs: number): number | undefined {
  const anchor = anchors.find((candidate) => atMs < endMs(candidate)) ?? anchors.at(-1);
  if (anchor === undefined) return undefined;
  const insideS = Math.min(anchor.durationS, Math.max(0, (atMs - anchor.atMs) / 1000));
  return anchor.startS + insideS;
}

export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

export function windowOf(anchors: readonly Anchor[]): Window | undefined {
  const first = anchors[0];
  const last = anchors.at(-1);
  return first === undefined || last === undefined ? undefined : { fromMs: first.atMs, toMs: endMs(last) };
}

/**
 * Whether a time may be sought inside the open live window. The oldest segments are about to leave it:
 * what is sought there would be gone before it has been loaded.
 */
export const inWindow = (window: Window | undefined, atMs: number, marginMs = 6_000): boolean =>
  window !== undefined && atMs >= window.fromMs + marginMs && atMs <= window.toMs;

/** Nearer to the edge than this counts as live: 3 s hold-back and load, and a finger's breadth on the slider. */
export const liveMarginMs = 6_000;

/**
 * Where the recording goes on for somebody who watched the show to `atMs`. Someone who saw the end
 * wants the start, not the last seconds once more.
 */
export function resumeAt(atMs: number | undefined, endMs: number): 'start' | { readonly atMs: number } {
  return atMs === undefined || endMs - atMs < 15_000 ? 'start' : { atMs };
}
