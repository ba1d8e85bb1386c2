/** Facts of a pass, from the API or from a file that was kept: checked before the planner believes them. */
import { z } from 'zod';
import type { Heartbeat, Order } from '../../core/fleet/heartbeat.ts';
import { noMemory, type Memory } from '../../core/fleet/memory.ts';
import type { Facts, Read, Snapshot, SourceName, Sources } from '../../core/fleet/snapshot.ts';

const list = <Item extends z.ZodType>(item: Item) => z.array(item).readonly();
const timeMs = z.number();

/** Reads each field of it, also those that may be absent: one that is left out is one that the plan never sees. */
type Whole<T> = z.ZodType<T> & { readonly shape: { readonly [Key in keyof T]-?: unknown } };

const heartbeat = z.object({
  taskId: z.string(),
  slot: z.string(),
  hostId: z.string(),
  digest: z.string(),
  startedAt: timeMs,
  at: timeMs,
  sequence: z.number(),
  accepting: z.boolean(),
  full: z.boolean(),
  phase: z.enum(['starting', 'serving', 'draining', 'ending']),
  obeys: z.number(),
  shows: list(
    z.object({
      broadcastId: z.string(),
      state: z.enum(['live', 'interrupted', 'ending']),
      points: z.number(),
      startedAt: timeMs,
      session: z.number(),
    }),
  ),
  roomPoints: z.number(),
  cpu: z.number(),
  relay: z.string().exactOptional(),
  passing: z.number().exactOptional(),
  unstoredBytes: z.number(),
}) satisfies Whole<Heartbeat>;

const order = z.object({
  taskId: z.string(),
  generation: z.number(),
  phase: z.enum(['expire', 'drain', 'serve', 'finish']),
  // Any word: the planner only hands reasons on.
  reason: z.string() as z.ZodType<string> as z.ZodType<Order['reason']>,
  text: z.string(),
  at: timeMs,
  expiredAt: timeMs,
}) satisfies Whole<Order>;

const facts = {
  group: z.object({ desired: z.number(), maxHosts: z.number() }),
  hosts: list(
    z
      .object({
        hostId: z.string(),
        state: z.enum(['launching', 'running', 'terminating', 'gone']),
        launchedAt: timeMs,
        ready: z.boolean(),
        privateIp: z.string().optional(),
        isProtected: z.boolean(),
      })
      // JSON has no undefined: what is not there was that.
      .transform(({ privateIp, ...host }) => ({ ...host, privateIp })),
  ),
  tasks: list(
    z.object({
      taskId: z.string(),
      hostId: z.string(),
      slot: z.string(),
      digest: z.string(),
      status: z.enum(['pending', 'running', 'stopping', 'stopped']),
      startedAt: timeMs,
      stoppedAt: timeMs.exactOptional(),
      stoppedReason: z.string().exactOptional(),
    }),
  ),
  addresses: list(
    z.object({ addressId: z.string(), ip: z.string(), slot: z.string(), hostId: z.string().exactOptional() }),
  ),
  records: z.object({ front: list(z.string()), slots: z.record(z.string(), z.string()) }),
  targets: list(
    z.object({
      slot: z.string(),
      targetId: z.string(),
      health: z.enum(['initial', 'healthy', 'unhealthy', 'draining', 'unused']),
    }),
  ),
  release: z.object({ digest: z.string(), pushedAt: timeMs }),
  heartbeats: list(heartbeat),
  orders: list(order),
  requests: list(
    z.object({
      requestId: z.string(),
      kind: z.enum(['drain', 'keep', 'force-stop']),
      taskId: z.string(),
      by: z.string(),
      reason: z.string(),
      at: timeMs,
    }),
  ),
  events: list(z.object({ eventId: z.string(), startsAt: timeMs, endsAt: timeMs, extraPoints: z.number() })),
} satisfies { readonly [Name in SourceName]: z.ZodType<Facts[Name]> };

/** A source that could not be read is absent, or null. */
const read = <Name extends SourceName>(name: Name) =>
  z
    .object({ at: timeMs, value: facts[name] })
    .nullish()
    .transform((found) => found ?? undefined) as z.ZodType as z.ZodType<Read<Facts[Name]> | undefined>;

const unread: Sources = {
  group: undefined,
  hosts: undefined,
  tasks: undefined,
  addresses: undefined,
  records: undefined,
  targets: undefined,
  release: undefined,
  heartbeats: undefined,
  orders: undefined,
  requests: undefined,
  events: undefined,
};

const sources = z
  .object({
    group: read('group'),
    hosts: read('hosts'),
    tasks: read('tasks'),
    addresses: read('addresses'),
    records: read('records'),
    targets: read('targets'),
    release: read('release'),
    heartbeats: read('heartbeats'),
    orders: read('orders'),
    requests: read('requests'),
    events: read('events'),
  })
  .transform((found): Sources => ({ ...unread, ...found }));

/** The planner's own: taken as it wrote it. What an older one did not remember yet is empty. */
const memory = z
  .looseObject({})
  .default({})
  .transform((found): Memory => ({ ...noMemory, ...found }));

export const passFile = z.object({
  snapshot: z.object({ sources, memory }) satisfies z.ZodType<Snapshot>,
  policy: z.looseObject({}),
  at: timeMs,
});
