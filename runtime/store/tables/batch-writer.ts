import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { TableClient } from './client.ts';

/** BatchWriteItem takes so many requests, and refuses two for the same item. */
const requestsInBatch = 25;
/**
 * DynamoDB answers a batch in 10 to 30 ms. A connection that takes half of the deadline has died: the same is asked
 * again on another one. Never longer than any other call waits (client.ts).
 */
const longestAttemptMs = 4_000;
/** Twice a usual answer. With less time left nothing is begun: it would only make the outcome unknown. */
const shortestAttemptMs = 50;
/** Pauses between attempts: full jitter, up to 20, 40, 80 … ms, a quarter of the deadline or a second. */
const firstPauseMs = 20;
const longestPauseMs = 1_000;

/** `refused`: certainly not done. `unknown`: an answer was lost, so it may have been done, or be done yet. */
export type WriteOutcome = 'done' | 'refused' | 'unknown';

export type WriteRequest<Key> = { readonly put: Key & object } | { readonly delete: Key };

export interface BatchWriter<Key> {
  /** Resolves within the deadline, never rejects. Repeats do no harm: every request is a whole item or a whole key. */
  add(request: WriteRequest<Key>): Promise<WriteOutcome>;
  /** What waits is given up; what is under way is not asked again. */
  close(): void;
}

interface Entry<Key> {
  readonly request: WriteRequest<Key>;
  readonly deadlineAt: number;
  readonly settle: (outcome: WriteOutcome) => void;
  state: 'waiting' | 'flying' | 'settled';
  attempts: number;
  /** An answer to it was lost. */
  unsure: boolean;
  /** A batch with it was called invalid: from now on nobody else suffers for it. */
  alone: boolean;
}

type Verdict = 'done' | 'not-done' | 'unsure' | 'invalid' | 'not-alone';

const invalid = new Set(['ValidationException', 'SerializationException']);
/** There was no connection, so nothing was sent. */
const unsent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

function verdictOn(error: unknown, batchSize: number): Verdict {
  const {
    name,
    code,
    $metadata: metadata,
  } = error as {
    readonly name?: string;
    readonly code?: string;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  if (unsent.has(code ?? '')) return 'not-done';
  const status = metadata?.httpStatusCode ?? 0;
  // Whatever DynamoDB refuses with a 4xx (throttling is a 400), it has not done any of.
  if (status < 400 || status >= 500) return 'unsure';
  if (!invalid.has(name ?? '')) return 'not-done';
  return batchSize === 1 ? 'invalid' : 'not-alone';
}

/**
 * Collects single writes of many callers into batches. The first of a batch waits `lingerMs` for others; when
 * `maxFlights` batches are under way the next ones fill up meanwhile. What DynamoDB leaves over, throttles or
 * does not answer is asked again until its own deadline.
 * @param options.client makes one attempt for each call: trying again is done here, with the deadline in mind.
 */
export function createBatchWriter<Key extends object>(options: {
  readonly client: TableClient;
  readonly table: string;
  readonly nameOf: (key: Key) => string;
  readonly keyOf: (key: Key) => Key;
  readonly random: () => number;
  readonly lingerMs: number;
  readonly deadlineMs: number;
  readonly maxFlights: number;
}): BatchWriter<Key> {
  const { client, table, nameOf, keyOf, random, lingerMs, deadlineMs, maxFlights } = options;
  const ready: Entry<Key>[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const open = new Set<Entry<Key>>();
  const attemptMs = Math.min(deadlineMs / 2, longestAttemptMs);
  let flights = 0;
  /** Halved by every batch that fails, one more for every one that does not: a slow store is not asked ever more. */
  let allowed = maxFlights;
  let lingering = false;
  let isClosed = false;

  const later = (ms: number, work: () => void): (() => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, ms);
    timers.add(timer);
    return () => {
      clearTimeout(timer);
      timers.delete(timer);
    };
  };

  const giveUp = (entry: Entry<Key>): void => entry.settle(entry.unsure ? 'unknown' : 'refused');

  const subject = ({ request }: Entry<Key>): Key => ('put' in request ? request.put : request.delete);

  const take = (): readonly Entry<Key>[] => {
    const taken: Entry<Key>[] = [];
    const latest = performance.now() + shortestAttemptMs;
    while (taken.length < requestsInBatch) {
      const [first] = ready;
      if (first === undefined || (taken.length > 0 && first.alone)) break;
      ready.shift();
      if (first.state === 'settled') continue;
      if (first.deadlineAt < latest) giveUp(first);
      else taken.push(first);
      if (first.alone && taken.length > 0) break;
    }
    return taken;
  };

  /** What became of each entry of a batch. */
  const send = async (batch: readonly Entry<Key>[]): Promise<(entry: Entry<Key>) => Verdict> => {
    const leftMs = Math.min(...batch.map(({ deadlineAt }) => deadlineAt)) - performance.now();
    const command = new BatchWriteCommand({
      RequestItems: {
        [table]: batch.map(({ request }) =>
          'put' in request
            ? { PutRequest: { Item: { ...request.put } } }
            : { DeleteRequest: { Key: { ...keyOf(request.delete) } } },
        ),
      },
    });
    try {
      const abortSignal = AbortSignal.timeout(Math.ceil(Math.max(1, Math.min(attemptMs, leftMs))));
      const output = await client.send(command, { abortSignal });
      const over = (output.UnprocessedItems?.[table] ?? []).map(({ PutRequest, DeleteRequest }) =>
        nameOf((PutRequest?.Item ?? DeleteRequest?.Key) as Key),
      );
      const left = new Set(over);
      allowed = Math.min(maxFlights, allowed + 1);
      return (entry) => (left.has(nameOf(subject(entry))) ? 'not-done' : 'done');
    } catch (error) {
      const verdict = verdictOn(error, batch.length);
      allowed = Math.max(1, Math.floor(allowed / 2));
      return () => verdict;
    }
  };

  const again = (entry: Entry<Key>): void => {
    const mostMs = Math.min(longestPauseMs, deadlineMs / 4, firstPauseMs * 2 ** (entry.attempts - 1));
    later(random() * mostMs, () => {
      ready.push(entry);
      depart();
    });
  };

  const land = (entry: Entry<Key>, verdict: Verdict): void => {
    entry.state = 'waiting';
    if (verdict === 'done') return entry.settle('done');
    if (verdict === 'unsure') entry.unsure = true;
    if (verdict === 'not-alone') entry.alone = true;
    const isLate = performance.now() + shortestAttemptMs > entry.deadlineAt;
    if (verdict === 'invalid' || isLate || isClosed) return giveUp(entry);
    again(entry);
  };

  const fly = async (batch: readonly Entry<Key>[]): Promise<void> => {
    flights += 1;
    for (const entry of batch) {
      entry.state = 'flying';
      entry.attempts += 1;
    }
    const verdictOf = await send(batch);
    flights -= 1;
    for (const entry of batch) land(entry, verdictOf(entry));
    // These have waited while all flights were out.
    leave();
  };

  const next = (): readonly Entry<Key>[] => (flights < allowed ? take() : []);

  const leave = (): void => {
    for (let batch = next(); batch.length > 0; batch = next()) void fly(batch);
  };

  const depart = (): void => {
    if (ready.length >= requestsInBatch) leave();
    if (ready.length === 0 || lingering) return;
    lingering = true;
    later(lingerMs, () => {
      lingering = false;
      leave();
    });
  };

  return {
    add: (request) =>
      new Promise((resolve) => {
        const entry: Entry<Key> = {
          request,
          deadlineAt: performance.now() + deadlineMs,
          state: 'waiting',
          attempts: 0,
          unsure: false,
          alone: false,
          settle: (outcome) => {
            entry.state = 'settled';
            open.delete(entry);
            cancel();
            resolve(outcome);
          },
        };
        // A flight ends by itself before the deadline of any of its passengers.
        const cancel = later(deadlineMs, () => {
          if (entry.state === 'waiting') giveUp(entry);
        });
        if (isClosed) return giveUp(entry);
        open.add(entry);
        ready.push(entry);
        depart();
      }),

    close() {
      isClosed = true;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      for (const entry of open) if (entry.state === 'waiting') giveUp(entry);
    },
  };
}
