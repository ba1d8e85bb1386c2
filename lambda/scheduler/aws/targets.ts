import {
  DeregisterTargetsCommand,
  DescribeTargetHealthCommand,
  paginateDescribeTargetGroups,
  RegisterTargetsCommand,
  type ElasticLoadBalancingV2Client,
  type TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { FleetCallError } from '../../../core/fleet/ports.ts';
import type { TargetFact } from '../../../core/fleet/snapshot.ts';
import { call, callUnless } from './errors.ts';
import { mapBounded } from './pages.ts';

/** The slots' target groups: made by the stack, filled by the scheduler. */
export interface Targets {
  read(signal: AbortSignal): Promise<readonly TargetFact[]>;
  register(slot: string, targetId: string, signal: AbortSignal): Promise<void>;
  deregister(slot: string, targetId: string, signal: AbortSignal): Promise<void>;
}

/**
 * There is a call for the health of one target group, and none for that of all. A hundred slots would be a
 * hundred calls each pass, so what has been quiet is asked for in turn, `quietReads` slots (or a twentieth of
 * all) a pass: every slot within 20 passes, 200 s. What is changing (`unsettledReads` at most) is asked for in
 * every pass. A scheduler that has not looked for `forgetMs` asks for all: another one may have acted.
 */
const quietReads = 5;
const unsettledReads = 20;
const forgetMs = 30_000;
/** Calls at a time; the service allows some tens a second. */
const width = 8;

const health = (description: TargetHealthDescription): TargetFact['health'] => {
  const state = description.TargetHealth?.State;
  switch (state) {
    case 'initial':
    case 'healthy':
    case 'unhealthy':
    case 'unused':
    case 'draining':
      return state;
    case 'unhealthy.draining':
      return 'draining';
    // Health checks are switched off: the load balancer sends to it.
    case 'unavailable':
      return 'healthy';
    default:
      return 'initial';
  }
};

interface Known {
  readonly at: number;
  readonly facts: readonly TargetFact[];
}

const isSettled = ({ facts }: Known): boolean =>
  facts.every((fact) => fact.health === 'healthy' || fact.health === 'unused');

export function createTargets(parts: {
  readonly client: ElasticLoadBalancingV2Client;
  readonly prefix: string;
  readonly port: number;
  readonly now: () => number;
}): Targets {
  const { client, prefix, port, now } = parts;
  /** ARNs by slot; names never get another ARN while the stack stands. */
  let groups: ReadonlyMap<string, string> = new Map();
  let lastReadAt = Number.NEGATIVE_INFINITY;
  const known = new Map<string, Known>();

  async function findGroups(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    const pages = paginateDescribeTargetGroups({ client, pageSize: 400 }, {}, { abortSignal: signal });
    for await (const { TargetGroups = [] } of pages) {
      for (const { TargetGroupName: name, TargetGroupArn: arn } of TargetGroups)
        if (arn !== undefined && name?.startsWith(`${prefix}-`) === true)
          found.set(name.slice(prefix.length + 1), arn);
    }
    groups = found;
    return found;
  }

  /** Slots to ask for in this pass. */
  function due(slots: readonly string[]): readonly string[] {
    const byAge = slots.toSorted((a, b) => (known.get(a)?.at ?? 0) - (known.get(b)?.at ?? 0));
    const unknown = byAge.filter((slot) => !known.has(slot));
    const read = byAge.flatMap((slot) => {
      const entry = known.get(slot);
      return entry === undefined ? [] : [{ slot, entry }];
    });
    const unsettled = read.filter(({ entry }) => !isSettled(entry)).slice(0, unsettledReads);
    const quiet = read
      .filter(({ entry }) => isSettled(entry))
      .slice(0, Math.max(quietReads, Math.ceil(slots.length / 20)));
    return [...unknown, ...[...unsettled, ...quiet].map(({ slot }) => slot)];
  }

  async function readSlot(slot: string, arn: string, signal: AbortSignal): Promise<void> {
    const at = now();
    const { TargetHealthDescriptions = [] } = await call(
      `read the health of the target group of ${slot}`,
      client.send(new DescribeTargetHealthCommand({ TargetGroupArn: arn }), { abortSignal: signal }),
    );
    const facts = TargetHealthDescriptions.flatMap((description): readonly TargetFact[] => {
      const targetId = description.Target?.Id;
      return targetId === undefined ? [] : [{ slot, targetId, health: health(description) }];
    });
    known.set(slot, { at, facts });
  }

  async function groupOf(slot: string, signal: AbortSignal): Promise<string> {
    const arn = groups.get(slot) ?? (await call('list the target groups', findGroups(signal))).get(slot);
    if (arn === undefined)
      throw new FleetCallError(`there is no target group ${prefix}-${slot}`, { kind: 'refused' });
    return arn;
  }

  return {
    read: async (signal) => {
      const silentFor = now() - lastReadAt;
      // What has been read stays known when a later call fails: a throttled first look gets on from pass to pass.
      lastReadAt = now();
      if (silentFor > forgetMs) known.clear();
      if (groups.size === 0 || silentFor > forgetMs) await call('list the target groups', findGroups(signal));
      await mapBounded(due([...groups.keys()]), width, async (slot) => {
        const arn = groups.get(slot);
        if (arn !== undefined) await readSlot(slot, arn, signal);
      });
      return [...known.values()].flatMap(({ facts }) => facts);
    },
    register: async (slot, targetId, signal) => {
      const TargetGroupArn = await groupOf(slot, signal);
      // Before the call: whatever comes of it, what was known no longer holds.
      known.delete(slot);
      await call(
        `register ${targetId} for ${slot}`,
        client.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: targetId, Port: port }] }), {
          abortSignal: signal,
        }),
      );
    },
    deregister: async (slot, targetId, signal) => {
      const TargetGroupArn = await groupOf(slot, signal);
      known.delete(slot);
      await callUnless(
        `deregister ${targetId} from ${slot}`,
        // Elastic Load Balancing says so of targets that it does not know, or is done with.
        (error) => error.name === 'InvalidTarget' || error.name === 'InvalidTargetException',
        client.send(
          new DeregisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: targetId, Port: port }] }),
          { abortSignal: signal },
        ),
      );
    },
  };
}
