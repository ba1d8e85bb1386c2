import { pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

/**
 * Structured logs, one JSON object a line. Keys, tokens and cookies are censored wherever they appear under
 * these names, as a last net: code does not log them in the first place. Without a destination to stdout.
 */
export function createLogger(program: string, level: string, destination?: DestinationStream): Logger {
  const options = {
    name: program,
    level,
    timestamp: stdTimeFunctions.isoTime,
    redact: {
      paths: [
        'streamKey',
        'publishingName',
        'token',
        'authorization',
        'cookie',
        '*.streamKey',
        '*.authorization',
        '*.cookie',
      ],
      censor: '[removed]',
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
