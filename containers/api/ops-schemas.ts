/** The schemas of the operators' part. Outputs satisfy the types of core/api/ops.ts. */
import { z } from 'zod';
import type { DecisionPage, FleetView, PassFacts } from '../../core/api/ops.ts';
import type { Alarm, AlarmName, Limit } from '../../core/fleet/decision.ts';
import type { ReasonCode } from '../../core/fleet/heartbeat.ts';
import type { LoggedDecision } from '../../core/fleet/ports.ts';
import type { TaskState } from '../../core/fleet/state.ts';
import { line } from './text.ts';

/** As the types have it. */
const list = <Item extends z.ZodType>(item: Item) => z.array(item).readonly();

const timeMs = z.number().meta({ description: 'ms since 1970' });
const points = z.number().meta({ description: 'points: 1000 are the default ladder of 1080p30' });
const digest = z.string().meta({ description: 'of a container image' });

/**
 * One of the names that are known here. Others are let through: the scheduler may be newer than this API, or
 * older by a week where the log is read, and a console that shows a strange word is better than none.
 */
const name = <Name extends string>(names: Readonly<Record<Name, true>>): z.ZodType<Name> =>
  z.string().meta({ description: Object.keys(names).join(' | ') }) as z.ZodType<string> as z.ZodType<Name>;

const reason = name<ReasonCode>({
  'scale-in': true,
  'scale-out': true,
  canary: true,
  rollout: true,
  'image-broken': true,
  'never-served': true,
  operator: true,
  'demand-came-back': true,
  empty: true,
  'task-stopped': true,
  'host-idle': true,
  'host-lost': true,
  'front-set': true,
  address: true,
  record: true,
  target: true,
  protection: true,
  'clean-up': true,
  waiting: true,
  limit: true,
  steady: true,
});
const taskState = name<TaskState>({
  starting: true,
  serving: true,
  expired: true,
  draining: true,
  stopping: true,
  stopped: true,
  lost: true,
});
const limit = name<Limit>({
  'address quota': true,
  'host maximum': true,
  slots: true,
  'front set size': true,
  'launches a pass': true,
  'starts a pass': true,
  'stops a pass': true,
  'stale facts': true,
  'image broken': true,
});
const alarmName = name<AlarmName>({
  'stuck-drain': true,
  'lost-task': true,
  'broken-image': true,
  'address-quota': true,
  'room-short': true,
  'stale-facts': true,
  'address-conflict': true,
  'invalid-plan': true,
});

const subject = z
  .object({
    taskId: z.string().exactOptional(),
    hostId: z.string().exactOptional(),
    slot: z.string().exactOptional(),
    digest: digest.exactOptional(),
  })
  .meta({ id: 'Subject', description: 'what it is about' });

const alarm = z
  .object({
    name: alarmName.meta({ description: 'each has a section in docs/runbook.md' }),
    subject,
    text: z.string(),
  })
  .meta({ id: 'Alarm' }) satisfies z.ZodType<Alarm>;

const heldShow = z
  .object({
    broadcastId: z.string(),
    state: z.enum(['live', 'interrupted', 'ending']),
    points,
    startedAt: timeMs,
    session: z.int(),
  })
  .meta({ id: 'HeldShow' });

const taskView = z
  .object({
    taskId: z.string(),
    slot: z.string(),
    digest,
    state: taskState,
    startedAt: timeMs,
    seenAt: timeMs.exactOptional(),
    shows: list(heldShow),
    usedPoints: points,
    roomPoints: points,
    cpu: z.number().meta({ description: 'share of the cores in use, 0–1' }),
    inFront: z.boolean(),
    order: z.object({ reason, text: z.string(), since: timeMs }).exactOptional(),
    why: z.string().exactOptional(),
  })
  .meta({ id: 'TaskView' });

const hostView = z
  .object({
    hostId: z.string(),
    state: z.enum(['launching', 'idle', 'in-use', 'terminating', 'gone', 'lost']),
    launchedAt: timeMs,
    slot: z.string().exactOptional(),
    address: z.string().exactOptional(),
    task: taskView.exactOptional(),
  })
  .meta({ id: 'HostView' });

const figures = z
  .object({
    broadcasts: z.int(),
    usedPoints: points,
    freePoints: points,
    wantedPoints: points,
    minimumPoints: points,
    hosts: z.int(),
    serving: z.int(),
    draining: z.int(),
    lost: z.int(),
    longestDrainMs: z.number(),
    rolloutShare: z.number().meta({ description: 'share of the tasks that run the released image, 0–1' }),
    front: list(z.string()),
    forecastArrivals: z.number(),
  })
  .meta({ id: 'PlanFigures' });

export const fleetView = z
  .object({
    at: timeMs.meta({ description: 'when the scheduler last finished a pass' }),
    figures,
    limitedBy: list(limit),
    alarms: list(alarm),
    hosts: list(hostView),
    images: list(
      z.object({
        digest,
        state: z.enum(['released', 'canary', 'old', 'broken']),
        tasks: z.int(),
        firstSeenAt: timeMs.exactOptional(),
      }),
    ),
    front: list(z.object({ ip: z.string(), slot: z.string().exactOptional() })),
    rollout: z.object({
      digest,
      state: z.enum(['steady', 'canary', 'rolling', 'halted']),
      done: z.int(),
      of: z.int(),
    }),
    errors: list(z.string()),
    cpuBand: z
      .object({ low: z.number(), high: z.number() })
      .meta({ description: 'share of the cores between which room is planned' })
      .exactOptional(),
  })
  .meta({ id: 'FleetView' }) satisfies z.ZodType<FleetView>;

const loggedDecision = z
  .object({
    at: timeMs,
    n: z.int(),
    action: z.string(),
    subject,
    reason,
    text: z.string(),
    outcome: z.enum(['done', 'failed', 'planned', 'note']),
    error: z.string().exactOptional(),
  })
  .meta({ id: 'LoggedDecision' }) satisfies z.ZodType<LoggedDecision>;

export const decisionPage = z
  .object({ decisions: list(loggedDecision), before: z.string().exactOptional() })
  .meta({ id: 'DecisionPage' }) satisfies z.ZodType<DecisionPage>;

/** Whole and untouched: the planner reads it again. Its types are core/fleet/snapshot.ts and policy.ts. */
export const passFacts = z
  .object({
    snapshot: z.looseObject({}),
    policy: z.looseObject({}),
    at: timeMs,
  })
  .meta({ id: 'PassFacts' }) satisfies z.ZodType<{ readonly at: PassFacts['at'] }>;

const taskId = z.string().regex(/^[\w-]{1,64}$/, 'is not the id of a task');

export const taskParams = z.object({ taskId });

export const decisionQuery = z.object({
  task: taskId.meta({ description: 'a task, a host or a slot that they are about' }).exactOptional(),
  before: z.string().max(200).exactOptional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

const why = line(1, 200).meta({ description: 'for the decision log: why you want it' });

export const operatorWish = z.strictObject({ reason: why }).meta({ id: 'OperatorWish' });
export const forceStopWish = z
  .strictObject({
    reason: why,
    confirm: z.string().meta({ description: 'the id of the task, typed again' }),
  })
  .meta({ id: 'ForceStopWish' });

export const acceptedWish = z.object({ requestId: z.string() }).meta({ id: 'AcceptedWish' });
