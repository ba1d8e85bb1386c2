import { framesPerSecond } from '../../../core/media/rational.ts';
import type { EncodingPlan } from '../../../core/media/flow.ts';
import type { Rendition } from '../../../core/media/ladder.ts';
import type { Timing } from '../../../core/media/timing.ts';

/** File descriptors of ffmpeg: 0 FLV in, 1 thumbnails out, 2 log, from 3 on one fMP4 a rendition. */
export const firstRenditionDescriptor = 3;

/** The directory shows a picture that is at most 10 s old. */
const thumbnailEveryS = 10;
const thumbnailHeight = 360;

/** One decoder thread up to 1080p60: frame threads would each delay the picture by a frame. */
const oneThreadPixelsPerSecond = 1920 * 1088 * 61;

/**
 * One process a broadcast: decodes once, splits, encodes each rendition. The tests of encoding.ts hold these to
 * exact parts at 23.976 … 60 frames a second:
 * - `-copyts`: media time is the FLV's; no guess of a start time.
 * - `-vsync cfr -r`: constant frame rate at the encoder. The `fps` filter would lose frames when a change of
 *   resolution rebuilds the filters in mid-show. (ffmpeg 4.4 has no `-fps_mode`, and Ubuntu 22.04 has 4.4.)
 * - `fpsprobesize 0`, `probesize`: no waiting for twenty frames to guess a rate that CFR sets anyway (measured:
 *   first part after 0.56 s instead of 1.4 s), and a first key frame larger than the probe is no trouble.
 * - `zerolatency`: measured 66 ms from a part's last frame to the part with two renditions of 720p, against
 *   108 ms with frame threads and no look-ahead, which costs 8 % more CPU.
 * - `atrim`: the AAC encoder starts 1,024 samples early; without them all tracks start at 0.
 * - `frag_discont`: a track's time is what its packets say, also if it starts later than the other.
 * - `max_interleave_delta`: how long one track is held back for another one that sends nothing; longer than Feed
 *   leaves one out.
 * - no `-fflags nobuffer`: it drops the packets that probing has read.
 */
export function ffmpegArguments(options: {
  readonly plan: EncodingPlan;
  readonly preset: string;
  /** The source's pixels a second, for the decoder's threads. */
  readonly pixelsPerSecond: number;
}): string[] {
  const { plan, preset, pixelsPerSecond } = options;
  const decoderThreads = pixelsPerSecond <= oneThreadPixelsPerSecond ? 1 : 2;
  return [
    ['-hide_banner', '-nostats', '-loglevel', 'level+warning', '-nostdin'],
    ['-copyts', '-vsync', 'cfr'],
    ['-probesize', '4194304', '-analyzeduration', '1000000', '-fpsprobesize', '0'],
    ['-threads', String(decoderThreads)],
    ['-f', 'flv', '-i', 'pipe:0'],
    ['-filter_complex', filters(plan)],
    ...plan.ladder.map((rendition, index) => renditionOutput(rendition, index, plan.timing, preset)),
    ['-map', '[thumbnail]', '-c:v', 'mjpeg', '-threads', '1', '-q:v', '5', '-r', `1/${thumbnailEveryS}`],
    ['-f', 'image2pipe', 'pipe:1'],
  ].flat();
}

/** The size of the outputs is fixed: a source that changes its shape gets bars, not another ladder. */
function filters({ ladder }: EncodingPlan): string {
  const outputs = ladder.map((_, index) => `[s${index}]`).join('');
  const scaled = ladder.map(({ width, height }, index) => {
    const fit = `scale=${width}:${height}:force_original_aspect_ratio=decrease:force_divisible_by=2`;
    return `[s${index}]${fit},pad=${width}:${height}:-1:-1,setsar=1,format=yuv420p[v${index}]`;
  });
  const select = `select=isnan(prev_selected_t)+gte(t-prev_selected_t\\,${thumbnailEveryS})`;
  return [
    `[0:v]split=${ladder.length + 1}${outputs}[t]`,
    ...scaled,
    `[t]${select},scale=-2:${thumbnailHeight}:out_range=pc,format=yuvj420p[thumbnail]`,
  ].join(';');
}

function renditionOutput(rendition: Rendition, index: number, timing: Timing, preset: string): string[] {
  const { frameRate, framesPerPart, partsPerSegment } = timing;
  const segmentFrames = String(framesPerPart * partsPerSegment);
  const bitrate = String(rendition.videoBitrateBps);
  return [
    ['-map', `[v${index}]`, '-map', '0:a'],
    ['-c:v', 'libx264', '-preset', preset, '-tune', 'zerolatency', '-profile:v', 'high'],
    ['-pix_fmt', 'yuv420p', '-r', `${frameRate.num}/${frameRate.den}`],
    ['-g', segmentFrames, '-keyint_min', segmentFrames, '-sc_threshold', '0', '-bf', '0'],
    // A buffer of one second: a segment may have half as much again as it should on average, no more.
    ['-b:v', bitrate, '-maxrate', bitrate, '-bufsize', bitrate],
    ['-c:a', 'aac', '-b:a', String(rendition.audioBitrateBps), '-ar', '48000', '-ac', '2'],
    ['-af', 'aresample=48000:async=1,atrim=start_pts=1024'],
    ['-max_interleave_delta', '4000000'],
    ['-movflags', '+empty_moov+default_base_moof+frag_keyframe+cmaf+skip_trailer+frag_discont'],
    // Just below the part: a fragment ends with the first frame that reaches it.
    ['-frag_duration', String(Math.floor(timing.partDurationS * 1e6 - 0.5))],
    ['-flush_packets', '1', '-f', 'mp4', `pipe:${firstRenditionDescriptor + index}`],
  ].flat();
}

export const sourcePixelsPerSecond = (
  size: { readonly width: number; readonly height: number } | undefined,
  timing: Timing,
): number => (size?.width ?? 0) * (size?.height ?? 0) * framesPerSecond(timing.frameRate);
