import type { Rendition } from '../media/ladder.ts';
import { mediaPlaylistName } from '../media/names.ts';
import { framesPerSecond, type FrameRate } from '../media/rational.ts';
import { attributes, quoted } from './format.ts';

export interface MasterVariant {
  readonly rendition: Rendition;
  /** RFC 6381 strings of what the init segment holds. */
  readonly codecs: { readonly video?: string; readonly audio?: string };
  /** The highest bitrate of a segment so far, in bits a second. */
  readonly measuredPeakBps: number;
}

/** Boxes of eight fragments in two seconds (video and audio, 4 parts) are 1–2 % of a 250 kbps rendition. */
const containerOverhead = 1.02;
/**
 * How far a segment may lie above the average that x264 aims at. BANDWIDTH must be an upper bound of the
 * peak (4.4.6.2), yet players choose by it: a needlessly high figure costs them quality.
 */
const peakFactor = 1.2;
/** The measured peak moves the figure in steps, so that the playlist does not change with every segment. */
const bandwidthStepBps = 50_000;

export const averageBandwidth = (rendition: Rendition): number =>
  Math.ceil((rendition.videoBitrateBps + rendition.audioBitrateBps) * containerOverhead);

export function peakBandwidth(rendition: Rendition, measuredPeakBps: number): number {
  const planned = Math.ceil(
    (rendition.videoBitrateBps * peakFactor + rendition.audioBitrateBps) * containerOverhead,
  );
  const measured = Math.ceil(measuredPeakBps / bandwidthStepBps) * bandwidthStepBps;
  return Math.max(planned, measured);
}

/** The multivariant playlist. Nothing in it needs more than version 1, which is written by leaving it out. */
export function masterPlaylistText(variants: readonly MasterVariant[], frameRate: FrameRate): string {
  const lines = ['#EXTM3U', '#EXT-X-INDEPENDENT-SEGMENTS'];
  for (const { rendition, codecs, measuredPeakBps } of variants) {
    const codecList = [codecs.video, codecs.audio].filter((codec) => codec !== undefined).join(',');
    lines.push(
      `#EXT-X-STREAM-INF:${attributes({
        BANDWIDTH: peakBandwidth(rendition, measuredPeakBps),
        'AVERAGE-BANDWIDTH': averageBandwidth(rendition),
        CODECS: codecList === '' ? undefined : quoted(codecList),
        RESOLUTION: `${rendition.width}x${rendition.height}`,
        'FRAME-RATE': framesPerSecond(frameRate).toFixed(3),
      })}`,
      `${rendition.name}/${mediaPlaylistName}`,
    );
  }
  return `${lines.join('\n')}\n`;
}
