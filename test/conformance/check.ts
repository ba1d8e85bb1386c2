/** Checks captured live playlists against the rules of LL-HLS. For tests over simulated and over real streams. */
import { checkMaster, checkOnePlaylist } from './one-playlist.ts';
import { checkCadence, checkNames, checkReload, checkRenditions, type Seen } from './over-time.ts';
import { allSegments, parseMedia } from './parse.ts';
import { rules, type Capture, type Report, type Violation } from './rules.ts';

export type { Capture, Violation } from './rules.ts';

export interface CheckOptions {
  /**
   * Check that parts and segments come in time (R13). Off by default: an interrupted broadcast breaks that
   * rule on purpose, and captures must be dense and come straight from the origin.
   */
  readonly cadence?: boolean;
  /**
   * Captures of different renditions closer in time than this are not compared: `atMs` is when the answer
   * arrived, not when it was written. 0 for captures of a simulation.
   */
  readonly slackMs?: number;
}

const isMaster = (capture: Capture): boolean => capture.text.includes('#EXT-X-STREAM-INF:');

/**
 * What the captures, in the order in which they were got, have wrong. An empty list means nothing was found.
 * Captures of a playlist should include every version that players can have seen; a hole in them only makes
 * the check weaker.
 */
export function checkPlaylists(captures: readonly Capture[], options: CheckOptions = {}): Violation[] {
  const violations: Violation[] = [];
  const reporter =
    ({ uri, atMs }: { readonly uri: string; readonly atMs: number }): Report =>
    (rule, detail) => {
      const [section, text] = rules[rule];
      violations.push({ rule, section, text, detail, uri, atMs });
    };
  const all = captures
    .filter((capture) => !isMaster(capture))
    .map(({ atMs, uri, text }): Seen => ({ atMs, uri, media: parseMedia(text) }));
  const byUri = Map.groupBy(all, (seen) => seen.uri);
  for (const seen of all) checkOnePlaylist(seen.media, seen.uri, reporter(seen));
  for (const versions of byUri.values()) {
    for (const [index, seen] of versions.entries()) {
      const before = versions[index - 1];
      if (before !== undefined) checkReload(before.media, seen.media, reporter(seen));
    }
    checkNames(versions, reporter);
    if (options.cadence === true) checkCadence(versions, reporter);
  }
  checkRenditions(all, options.slackMs ?? 1000, reporter);
  const masters = captures.filter(isMaster);
  for (const master of masters) checkMaster(master.text, [...byUri.keys()], reporter(master));
  if (masters.some((master) => master.text.includes('#EXT-X-INDEPENDENT-SEGMENTS')))
    for (const seen of all)
      for (const { msn, parts } of allSegments(seen.media))
        if (parts[0] !== undefined && !parts[0].gap && !parts[0].independent)
          reporter(seen)('P02', `segment ${msn} does not`);
  return violations;
}

/** For a test's message: one line each, the first few. */
export const explain = (violations: readonly Violation[]): string =>
  violations
    .slice(0, 20)
    .map(
      ({ rule, section, text, detail, uri, atMs }) =>
        `${rule} [${section}] ${uri}@${atMs}: ${text}: ${detail}`,
    )
    .join('\n');
