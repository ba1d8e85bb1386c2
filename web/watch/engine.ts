/** What plays: hls.js where Media Source Extensions exist, the browser's own HLS elsewhere (iPhone). */
import type { Failure, From, SourceKind } from './player-state.ts';
import type { Level } from './quality.ts';
import type { Anchor } from './time-shift.ts';

export interface Engine {
  open(url: string, kind: SourceKind, from: From): void;
  /** Load on after an interruption; also when the first playlist never came. */
  resume(): void;
  recoverMedia(): void;
  seekToDate(atMs: number): void;
  seekToEdge(): void;
  /** -1: automatic. `soon`: replace what is buffered, too. */
  setLevel(index: number, soon: boolean): void;
  /**
   * Whether to keep near the edge: catch up, jump when far behind. Off for somebody who went back in the
   * live window, who would otherwise be pulled to the edge.
   */
  stayAtEdge(on: boolean): void;
  levels(): readonly Level[];
  /** Index of the level on the screen; -1 while unknown. */
  currentLevel(): number;
  /** Highest index that the size of the player and the screen allow; -1 while unknown. */
  maxLevel(): number;
  /** Segments with dates of the playlist at hand; empty where the browser keeps them to itself. */
  anchors(): readonly Anchor[];
  playingDateMs(): number | undefined;
  /** The engine's own estimate of the delay, for streams without dates. */
  latencyS(): number | undefined;
  /** Loads nothing more and shows nothing, until something is opened. */
  close(): void;
  /** How far the picture lies behind where playing at the newest part that exists would be; undefined while unknown. */
  behindNewestS(): number | undefined;
  destroy(): void;
}

export interface EngineEvents {
  readonly onLevels: () => void;
  readonly onFailed: (what: Failure) => void;
}
