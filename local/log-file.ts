import { createWriteStream, type WriteStream } from 'node:fs';

export interface LogFile {
  write(chunk: Buffer): void;
  end(): void;
}

/** A full disk is looked at again after so long; until then lines are dropped. */
const reopenAfterMs = 5_000;

/** A log that never hurts what it logs: when it can't be written, lines are lost, and nothing else. */
export function openLogFile(path: string): LogFile {
  let stream: WriteStream | undefined;
  let brokenAt = Number.NEGATIVE_INFINITY;
  let ended = false;

  const open = (): WriteStream => {
    const opened = createWriteStream(path, { flags: 'a' });
    opened.on('error', () => {
      // A stream that failed is destroyed: a new one is opened by a later line.
      brokenAt = performance.now();
      if (stream === opened) stream = undefined;
    });
    return opened;
  };

  return {
    write: (chunk) => {
      if (ended || performance.now() - brokenAt < reopenAfterMs) return;
      stream ??= open();
      stream.write(chunk);
    },
    end: () => {
      ended = true;
      stream?.end();
    },
  };
}
