import { createLogger, type Logger } from '../runtime/telemetry/log.ts';
import { openLogFile } from './log-file.ts';

export interface EdgeLog {
  readonly log: Logger;
  end(): void;
}

/** A page that asks again and again while the API starts anew is one trouble, not thirty. */
const sayEveryMs = 1_000;
/** pino's number of `warn`. */
const warning = 40;
/** A line of a terminal. */
const longest = 100;

/**
 * The log of the edge, in a file as those of the programs. People who watch the terminal hear of trouble in one
 * short line, at most once a second.
 */
export function openEdgeLog(options: {
  readonly file: string;
  readonly say: (text: string) => void;
  /** ms, of a clock that never steps. */
  readonly steady: () => number;
}): EdgeLog {
  const { file, say, steady } = options;
  const kept = openLogFile(file);
  let saidAt = -Infinity;
  let unsaid = 0;

  const tell = (line: LogLine): void => {
    if (steady() - saidAt < sayEveryMs) {
      unsaid += 1;
      return;
    }
    const more = unsaid === 0 ? '' : ` (and ${unsaid} more times)`;
    const where = saidAt === -Infinity ? `; all of it: ${file}` : '';
    saidAt = steady();
    unsaid = 0;
    say(`The edge: ${wordsOf(line)}${more}${where}`);
  };

  const write = (text: string): void => {
    kept.write(Buffer.from(text));
    // pino's own line.
    const line = JSON.parse(text) as LogLine;
    if (line.level >= warning) tell(line);
  };
  return { log: createLogger('edge', 'info', { write }), end: () => kept.end() };
}

interface LogLine {
  readonly level: number;
  readonly msg?: string;
  readonly route?: string;
  readonly err?: { readonly message?: string };
}

function wordsOf({ msg = 'trouble', route, err }: LogLine): string {
  const what = [route === undefined ? msg : `${route}: ${msg}`, err?.message].filter(
    (part) => part !== undefined,
  );
  // Messages of errors may have several lines, and what a viewer sent in them.
  const words = what.join(', ').replaceAll(/[\p{C}\s]+/gu, ' ');
  return words.length > longest ? `${words.slice(0, longest)}…` : words;
}
