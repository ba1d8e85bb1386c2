/**
 * How fast the live window answers: wake-up after a part is complete, and answers a second, with many held
 * requests over real keep-alive sockets. Beside it, in the same run, the floor: a bare node:http server that
 * answers the same bytes to an array of held responses.
 */
import { fork } from 'node:child_process';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { createLiveHandler } from '../containers/ingest/live/http.ts';
import { LiveWindow } from '../containers/ingest/live/window.ts';
import type { Fragment, Run } from '../core/media/flow.ts';
import type { Rendition } from '../core/media/ladder.ts';
import { timingFor } from '../core/media/timing.ts';
import type { ClientOrder, ClientReport } from './origin/protocol.ts';

const timing = timingFor({ num: 30, den: 1 });
const broadcastId = 'bench';
const run1: Run = { id: '1-1', startedAtMs: 1_700_000_000_000 };
const renditions: readonly Rendition[] = [
  { name: '360p', width: 640, height: 360, videoBitrateBps: 800_000, audioBitrateBps: 96_000 },
  { name: '160p', width: 284, height: 160, videoBitrateBps: 250_000, audioBitrateBps: 64_000 },
];
/** Viewers watch the lowest: 20 KB a part, so that the loopback's copying is not what is measured. */
const watched = '160p';
/** Rounds at the start of a load that do not count: the code that answers 2,000 at once is compiled in them. */
const warmupRounds = 4;
/** A window of a minute is full, so that the playlist has its usual size. */
const warmupSegments = 32;

interface Subject {
  readonly name: string;
  readonly server: Server;
  /** Requests held now. */
  held(): number;
  /** Completes the next part. */
  release(): void;
}

function bytesOf(rendition: Rendition): Uint8Array {
  const bits = (rendition.videoBitrateBps + rendition.audioBitrateBps) * timing.partDurationS;
  // Not zeros: loopback does not care, but nobody should wonder.
  return Buffer.alloc(Math.ceil(bits / 8), 'tidecast');
}

function liveSubject(): Subject & { playlist(): Buffer; part: Uint8Array } {
  const window = new LiveWindow({
    broadcastId,
    plan: { ladder: renditions, timing },
    firstMsn: 0,
    discontinuitySequence: 0,
    startsWithDiscontinuity: false,
    clock: Date,
    onSegment: () => {},
  });
  window.runStarted(run1);
  for (const rendition of renditions) window.init(run1, rendition, new Uint8Array(800));
  let index = 0;
  const release = (): void => {
    for (const rendition of renditions) {
      const fragment: Fragment = {
        bytes: bytesOf(rendition),
        startS: index * timing.partDurationS,
        durationS: timing.partDurationS,
        independent: index % timing.partsPerSegment === 0,
      };
      window.fragment(run1, rendition, fragment);
    }
    index += 1;
  };
  for (let part = 0; part < warmupSegments * timing.partsPerSegment; part += 1) release();
  const server = createServer(
    createLiveHandler({ find: () => window, clock: Date, log: { warn: console.warn } }),
  );
  const track = window.track(watched);
  if (track === undefined) throw new Error('no such rendition');
  return {
    name: 'live window',
    server,
    held: () => window.waiting,
    release,
    playlist: () => Buffer.from(window.mediaPlaylist(track)?.text ?? ''),
    part: bytesOf(track.rendition),
  };
}

/** The least that node:http can do: no cache rules, no routing, no waiting groups. */
function floorSubject(playlist: Buffer, part: Uint8Array): Subject {
  const body = gzipSync(playlist);
  let held: ServerResponse[] = [];
  const answer = (response: ServerResponse, bytes: Uint8Array): void => {
    response.writeHead(200, { 'Content-Length': bytes.length });
    response.end(bytes);
  };
  const server = createServer((request: IncomingMessage, response) => {
    if (request.url?.includes('.m3u8') === true) held.push(response);
    else answer(response, part);
  });
  return {
    name: 'bare node:http',
    server,
    held: () => held.length,
    release: () => {
      const waiting = held;
      held = [];
      for (const response of waiting) answer(response, body);
    },
  };
}

interface Figures {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly answersPerSecond: number;
}

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;

interface Load {
  readonly viewers: number;
  readonly rounds: number;
  /** See ClientOrder. */
  readonly together: boolean;
  /** Between two parts; 0: the next as soon as everybody waits. */
  readonly paceMs: number;
}

async function measure(subject: Subject, load: Load): Promise<Figures> {
  const { server } = subject;
  const client = fork(new URL('origin/client.ts', import.meta.url));
  const releasedNs: bigint[] = [];
  const order: ClientOrder = {
    port: (server.address() as AddressInfo).port,
    base: `/live/bench/${broadcastId}/${watched}`,
    viewers: load.viewers,
    firstMsn: nextMsn,
    partsPerSegment: timing.partsPerSegment,
    rounds: load.rounds,
    together: load.together,
  };
  nextMsn += Math.ceil(load.rounds / timing.partsPerSegment);
  let startedNs = 0n;
  const release = (): void => {
    // Answers to requests that are still in the sockets would not be wake-ups.
    if (subject.held() < load.viewers) {
      setTimeout(release, 1);
      return;
    }
    const now = process.hrtime.bigint();
    if (startedNs === 0n) startedNs = now;
    releasedNs.push(now);
    subject.release();
  };
  const done = await new Promise<ClientReport & { kind: 'done' }>((resolve, reject) => {
    client.once('error', reject);
    client.on('message', (report: ClientReport) => {
      if (report.kind === 'ready') client.send(order);
      else if (report.kind === 'asked') {
        const sinceMs = Number(process.hrtime.bigint() - (releasedNs.at(-1) ?? 0n)) / 1e6;
        setTimeout(release, Math.max(0, load.paceMs - sinceMs));
      } else resolve(report);
    });
  });
  const elapsedS = Number(process.hrtime.bigint() - startedNs) / 1e9;
  if (done.errors > 0) throw new Error(`${done.errors} answers were errors`);
  // What is left of the last segment, so that the next load starts with a part 0.
  for (let rest = load.rounds; rest % timing.partsPerSegment !== 0; rest += 1) subject.release();
  const waits = done.wokenNs
    .flatMap((moments, round) =>
      (round < warmupRounds ? [] : moments).map(
        (moment) => Number(BigInt(moment) - (releasedNs[round] ?? 0n)) / 1e6,
      ),
    )
    .sort((a, b) => a - b);
  const answers = load.viewers * load.rounds * 2;
  return {
    p50Ms: quantile(waits, 0.5),
    p99Ms: quantile(waits, 0.99),
    maxMs: quantile(waits, 1),
    answersPerSecond: answers / elapsedS,
  };
}

let nextMsn = 0;

async function measureSubject(
  subject: Subject,
  viewers: number,
  rounds: number,
): Promise<[Figures, Figures]> {
  nextMsn = warmupSegments;
  await new Promise<void>((resolve) => {
    // The default backlog of 511 would drop connections of viewers that all come at once.
    subject.server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve);
  });
  // Real pace first: what viewers feel. Then as fast as it goes: answers a second.
  const paced = await measure(subject, { viewers, rounds, together: true, paceMs: 500 });
  const flatOut = await measure(subject, { viewers, rounds, together: false, paceMs: 0 });
  subject.server.closeAllConnections();
  subject.server.close();
  return [paced, flatOut];
}

/** `--viewers N` and `--rounds N` change the load. */
export async function run(args: readonly string[]): Promise<Record<string, number>> {
  const option = (name: string, fallback: number): number => {
    const at = args.indexOf(`--${name}`);
    return at < 0 ? fallback : Number(args[at + 1]);
  };
  const waiters = option('viewers', 2000);
  const rounds = Math.max(warmupRounds + 1, option('rounds', 24));
  const live = liveSubject();
  const floor = floorSubject(live.playlist(), live.part);
  const rows: Record<string, Record<string, number>> = {};
  let result = { waiters, wake_p99_ms: Number.NaN, rps: Number.NaN };
  for (const subject of [live, floor]) {
    const [paced, flatOut] = await measureSubject(subject, waiters, rounds);
    const round = (value: number): number => Math.round(value * 10) / 10;
    rows[subject.name] = {
      'wake p50 ms': round(paced.p50Ms),
      'wake p99 ms': round(paced.p99Ms),
      'wake max ms': round(paced.maxMs),
      'answers/s': Math.round(flatOut.answersPerSecond),
      'wake p99 ms, flat out': round(flatOut.p99Ms),
    };
    if (subject === live)
      result = { waiters, wake_p99_ms: round(paced.p99Ms), rps: Math.round(flatOut.answersPerSecond) };
  }
  console.log(
    `${waiters} held playlist requests, woken by each of ${rounds} parts (the first ${warmupRounds} warm up); then each fetches the part`,
  );
  console.table(rows);
  return result;
}

if (import.meta.main) console.log(JSON.stringify(await run(process.argv.slice(2))));
