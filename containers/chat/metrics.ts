import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { JoinRefusalCode, LinkState } from '../../core/chat/protocol.ts';
import type { DeliveryCounts } from './delivery/audience.ts';
import type { RoomCounts } from './room/room.ts';

/** What other rooms tell; all else is read from its owner when Prometheus asks. */
export interface ChatMetrics {
  readonly registry: Registry;
  readonly joined: () => void;
  readonly refused: (code: JoinRefusalCode) => void;
  readonly flooded: () => void;
  readonly tickLate: (lateMs: number) => void;
}

export function createChatMetrics(figures: {
  readonly delivery: DeliveryCounts;
  readonly rooms: RoomCounts;
  readonly broadcasts: () => number;
  readonly sockets: () => number;
  readonly waiting: () => number;
  readonly lagMs: () => number;
  readonly link: () => LinkState;
  readonly tickMs: () => number;
}): ChatMetrics {
  const { delivery, rooms } = figures;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];

  const gauge = (name: string, help: string, read: () => number): void => {
    const made: Gauge = new Gauge({ name, help, registers, collect: () => made.set(read()) });
  };
  /** Counted elsewhere, where nothing may be called. */
  const counter = (name: string, help: string, read: () => number): void => {
    const made: Counter = new Counter({
      name,
      help,
      registers,
      collect: () => {
        made.reset();
        made.inc(read());
      },
    });
  };

  gauge('tidecast_chat_sockets', 'Connections, joined or not', figures.sockets);
  gauge('tidecast_chat_waiting', 'Handshakes that wait to be let in', figures.waiting);
  gauge('tidecast_chat_broadcasts', 'Broadcasts that this task hears', figures.broadcasts);
  gauge('tidecast_chat_tick_seconds', 'Length of the tick', () => figures.tickMs() / 1_000);
  gauge('tidecast_chat_redis_lag_seconds', 'Last answer to a ping', () => figures.lagMs() / 1_000);
  gauge('tidecast_chat_redis_live', '1 while Redis is heard', () => Number(figures.link() === 'live'));
  gauge('tidecast_chat_deflated_share', 'Share of the frames that went out compressed', () => {
    const all = delivery.plain + delivery.deflated + delivery.engine;
    return all === 0 ? 0 : delivery.deflated / all;
  });

  counter('tidecast_chat_messages_in_total', 'Messages heard from Redis', () => rooms.heard);
  counter('tidecast_chat_messages_out_total', 'Messages times viewers', () => rooms.delivered);
  counter('tidecast_chat_messages_shown_total', 'Messages in batches', () => rooms.shown);
  counter('tidecast_chat_messages_sampled_total', 'Messages left out of batches', () => rooms.sampled);
  counter('tidecast_chat_batches_total', 'Batches, each to all viewers of a broadcast', () => rooms.batches);
  counter('tidecast_chat_controls_total', 'Controls heard from Redis', () => rooms.controls);
  counter('tidecast_chat_bytes_total', 'Bytes of frames sent', () => delivery.bytes);
  counter('tidecast_chat_dropped_total', 'Frames not sent to slow readers', () => delivery.dropped);
  counter('tidecast_chat_resyncs_total', 'Slow readers brought up to date', () => delivery.resynced);
  const frames: Counter = new Counter({
    name: 'tidecast_chat_frames_total',
    help: 'Frames sent, by the way they went',
    labelNames: ['way'],
    registers,
    collect: () => {
      frames.reset();
      for (const way of ['plain', 'deflated', 'engine'] as const) frames.inc({ way }, delivery[way]);
    },
  });

  const joins = new Counter({ name: 'tidecast_chat_joins_total', help: 'Joins', registers });
  const refusals = new Counter({
    name: 'tidecast_chat_refused_total',
    help: 'Joins and handshakes refused, by code',
    labelNames: ['code'],
    registers,
  });
  const floods = new Counter({
    name: 'tidecast_chat_floods_total',
    help: 'Connections cut because they sent too much',
    registers,
  });
  const late = new Histogram({
    name: 'tidecast_chat_tick_late_seconds',
    help: 'How much later than due a tick began',
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  });

  return {
    registry,
    joined: () => joins.inc(),
    refused: (code) => refusals.inc({ code }),
    flooded: () => floods.inc(),
    tickLate: (lateMs) => late.observe(lateMs / 1_000),
  };
}
