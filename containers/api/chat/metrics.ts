import { Counter, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { RefusalReason } from '../../../core/chat/refusal.ts';

/** What an API task counts of the chat. */
export interface ChatMetrics {
  readonly registry: Registry;
  posted(outcome: 'accepted' | 'repeated'): void;
  refused(reason: RefusalReason): void;
  stored(ms: number, ok: boolean): void;
  published(ms: number, ok: boolean): void;
}

/** A table answers in 5 to 30 ms, a Redis in 1: below that nothing is learnt, above it everything. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

export function createChatMetrics(): ChatMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const posts = new Counter({
    name: 'tidecast_chat_posts_total',
    help: 'Posts answered with an id: accepted, or repeated with the same idempotency key',
    labelNames: ['outcome'],
    registers,
  });
  const refusals = new Counter({
    name: 'tidecast_chat_refusals_total',
    help: 'Posts refused, by reason',
    labelNames: ['reason'],
    registers,
  });
  const times = (name: string, help: string): Histogram<'outcome'> =>
    new Histogram({ name, help, labelNames: ['outcome'], buckets, registers });
  const store = times('tidecast_chat_store_seconds', 'Time to store a message');
  const publish = times('tidecast_chat_publish_seconds', 'Time to publish a stored message');
  const observe = (histogram: Histogram<'outcome'>, ms: number, ok: boolean): void =>
    histogram.observe({ outcome: ok ? 'done' : 'failed' }, ms / 1_000);

  return {
    registry,
    posted: (outcome) => posts.inc({ outcome }),
    refused: (reason) => refusals.inc({ reason }),
    stored: (ms, ok) => observe(store, ms, ok),
    published: (ms, ok) => observe(publish, ms, ok),
  };
}
