import type { Timing } from '../media/timing.ts';

/** Delivery directives of a playlist request (RFC 8216bis 6.2.5). `_HLS_skip` is not among them: see below. */
export type Directives =
  | { readonly kind: 'none' }
  /** Hold the answer until segment `msn` is complete, or until its part `part` is there. */
  | { readonly kind: 'block'; readonly msn: number; readonly part: number | undefined }
  | { readonly kind: 'bad'; readonly reason: string };

/** Ten digits hold every number that names.ts writes, and stay exact. */
const decimalInteger = /^\d{1,10}$/;

/**
 * Reads `_HLS_msn` and `_HLS_part`. `_HLS_skip` must be ignored where CAN-SKIP-UNTIL is not offered
 * (6.2.5.1), and so are parameters that nobody has defined.
 */
export function readDirectives(query: URLSearchParams): Directives {
  const msns = query.getAll('_HLS_msn');
  const parts = query.getAll('_HLS_part');
  if (msns.length > 1 || parts.length > 1)
    return { kind: 'bad', reason: '_HLS_msn and _HLS_part may be given once' };
  const [msn] = msns;
  const [part] = parts;
  if (msn === undefined)
    return part === undefined ? { kind: 'none' } : { kind: 'bad', reason: '_HLS_part needs _HLS_msn' };
  if (!decimalInteger.test(msn) || (part !== undefined && !decimalInteger.test(part)))
    return { kind: 'bad', reason: '_HLS_msn and _HLS_part must be decimal integers' };
  return { kind: 'block', msn: Number(msn), part: part === undefined ? undefined : Number(part) };
}

/** Where a media playlist ends. */
export interface Edge {
  /** The last complete segment; one less than the first when there is none yet. */
  readonly lastMsn: number;
  /** Parts listed of the segment after it. */
  readonly openParts: number;
  /** Parts of a complete segment; undefined when nobody remembers. */
  partsOf(msn: number): number | undefined;
}

/** What a request waits for. Without `part`: the complete segment. */
export interface Position {
  readonly msn: number;
  readonly part: number | undefined;
}

/**
 * Whether the playlist holds the position or a later one. A part past the last of its segment means part 0
 * of the next (6.2.5.2); how many parts a segment has is only known when it is complete, so a request that
 * waits for the fourth part of a segment that ends with its third goes on waiting for the next segment.
 */
export function hasReached(position: Position, edge: Edge): boolean {
  const { msn, part } = position;
  if (part === undefined || msn < edge.lastMsn) return msn <= edge.lastMsn;
  if (msn > edge.lastMsn) return msn === edge.lastMsn + 1 && part < edge.openParts;
  return edge.openParts > 0 || part < (edge.partsOf(msn) ?? 0);
}

/** "Three divided by the Part Target Duration if that is below a second, or three" (6.2.5.2). */
const advancePartLimit = (timing: Timing): number =>
  timing.partTargetS < 1 ? Math.ceil(3 / timing.partTargetS) : 3;

export type Delivery =
  | { readonly kind: 'now' }
  | { readonly kind: 'wait'; readonly position: Position }
  /** Answer 400 at once. */
  | { readonly kind: 'too-far' };

/** What to do with a blocking request. Not to be asked after EXT-X-ENDLIST, where directives are ignored. */
export function decideDelivery(request: Position, edge: Edge, timing: Timing): Delivery {
  const { msn, part } = request;
  const { partsPerSegment } = timing;
  if (msn > edge.lastMsn + 2) return { kind: 'too-far' };
  if (part !== undefined) {
    const lastListed = (edge.lastMsn + 1) * partsPerSegment + edge.openParts - 1;
    if (msn * partsPerSegment + part - lastListed > advancePartLimit(timing)) return { kind: 'too-far' };
  }
  if (hasReached(request, edge)) return { kind: 'now' };
  const rollsOver = part !== undefined && part >= partsPerSegment;
  return { kind: 'wait', position: rollsOver ? { msn: msn + 1, part: 0 } : request };
}
