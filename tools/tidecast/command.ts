import type { Door } from './connection.ts';
import type { Io } from './io.ts';
import type { OptionSpecs } from './options.ts';
import type { Paint } from './text.ts';

export interface Context {
  readonly io: Io;
  readonly door: Door;
  readonly words: readonly string[];
  readonly has: (option: string) => boolean;
  readonly value: (option: string) => string | undefined;
  readonly json: boolean;
  /** Columns that lines may have; infinite when stdout is no terminal. */
  readonly width: number;
  readonly paint: Paint;
}

/** The same answer for people and for programs; which one is printed is not the command's business. */
export interface Result {
  readonly lines: readonly string[];
  readonly json: unknown;
  /** When what was asked for was done, and the answer is bad news. */
  readonly failed?: boolean;
}

export interface Command {
  readonly name: string;
  /** Words behind the name, for the help: `<task>`; `[<task>]` can be left out. */
  readonly takes: readonly string[];
  readonly summary: string;
  readonly help: string;
  readonly options: OptionSpecs;
  readonly run: (context: Context) => Promise<Result>;
}
