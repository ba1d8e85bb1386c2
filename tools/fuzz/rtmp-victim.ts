import { pino } from 'pino';
import { startRtmpServer } from '../../containers/ingest/rtmp/server.ts';
import type { PublishSink } from '../../containers/ingest/rtmp/types.ts';

/**
 * The server under attack, in a process of its own (forked): its death and its memory are seen from outside.
 * Lets in `witness`, whose messages are checked for gaps, and every key that starts as the corpus's does.
 */
export interface VictimStats {
  readonly rssBytes: number;
  readonly connections: number;
  readonly violations: number;
  readonly faults: number;
  /** Video messages of the witness, how often one was missing between them, and how often it was cut off. */
  readonly witnessMessages: number;
  readonly witnessGaps: number;
  readonly witnessEnds: number;
  /** The longest the event loop was held, since the last question. */
  readonly longestHoldMs: number;
}

export const witnessKey = 'witness';
/** Frames of the witness are 33 or 34 ms apart. */
const gapMs = 40;

if (process.send !== undefined) await serve((message) => process.send?.(message));

async function serve(tell: (message: unknown) => void): Promise<void> {
  let violations = 0;
  let faults = 0;
  let witnessMessages = 0;
  let witnessGaps = 0;
  let witnessEnds = 0;
  let lastMs: number | undefined;
  const witness: PublishSink = {
    message({ kind, timestampMs }) {
      if (kind !== 'video') return;
      witnessMessages += 1;
      if (lastMs !== undefined && timestampMs - lastMs > gapMs) witnessGaps += 1;
      lastMs = timestampMs;
    },
    ended: () => void (witnessEnds += 1),
  };
  const count = (line: string): void => {
    if (line.includes('protocol violation')) violations += 1;
    if (line.includes('"level":50')) faults += 1;
  };
  const server = await startRtmpServer({
    host: '127.0.0.1',
    port: 0,
    clock: performance,
    log: pino({ level: 'warn' }, { write: count }),
    authorise: async ({ publishingName }) => {
      await Promise.resolve();
      if (publishingName === witnessKey) return { accepted: true, sink: witness };
      return publishingName.startsWith('0000')
        ? { accepted: true, sink: { message: () => {}, ended: () => {} } }
        : { accepted: false, code: 'NetStream.Publish.Unauthorized', description: 'Unknown stream key.' };
    },
  });

  let longestHoldMs = 0;
  let beatAt = performance.now();
  setInterval(() => {
    const now = performance.now();
    longestHoldMs = Math.max(longestHoldMs, now - beatAt - 10);
    beatAt = now;
  }, 10);

  process.on('message', () => {
    const stats: VictimStats = {
      rssBytes: process.memoryUsage.rss(),
      connections: server.connections,
      violations,
      faults,
      witnessMessages,
      witnessGaps,
      witnessEnds,
      longestHoldMs: Math.round(longestHoldMs),
    };
    longestHoldMs = 0;
    tell(stats);
  });
  process.on('disconnect', () => process.exit(0));
  tell({ port: server.port });
}
