import type { Decision, Plan } from './decision.ts';
import type { Policy } from './policy.ts';
import type { Facts, Snapshot, SourceName } from './snapshot.ts';

export interface Violation {
  readonly invariant: 'I1' | 'I2' | 'I3';
  readonly decision: Decision;
  readonly text: string;
}

/**
 * Looks at a plan again before it is applied, by rules written apart from the planner (nothing of it is
 * imported): what breaks one is not applied and raises the alarm `invalid-plan`. Only what could do harm is
 * looked at: stops, terminations, releases, and the front set.
 */
export function validate(plan: Plan, snapshot: Snapshot, policy: Policy, now: number): readonly Violation[] {
  const facts = <Name extends SourceName>(name: Name): Facts[Name] | undefined => {
    const read = snapshot.sources[name];
    return read !== undefined && now - read.at <= policy.staleness.factsMs ? read.value : undefined;
  };
  const violations: Violation[] = [];
  for (const decision of plan.decisions) {
    const found = faultOf(decision, facts, policy, now);
    if (found !== undefined) violations.push({ decision, ...found });
  }
  return violations;
}

type Known = <Name extends SourceName>(name: Name) => Facts[Name] | undefined;

function faultOf(
  { action }: Decision,
  facts: Known,
  policy: Policy,
  now: number,
): Pick<Violation, 'invariant' | 'text'> | undefined {
  switch (action.kind) {
    case 'stop-task':
      return action.forced ? undefined : stopFault(action.taskId, facts, policy, now);
    case 'terminate-host': {
      const tasks = facts('tasks');
      if (tasks === undefined) return { invariant: 'I1', text: 'the tasks are not known' };
      const task = tasks.find((each) => each.hostId === action.hostId && each.status !== 'stopped');
      if (task !== undefined) return { invariant: 'I1', text: `task ${task.taskId} is on that host` };
      const heartbeats = facts('heartbeats');
      if (heartbeats === undefined) return { invariant: 'I1', text: 'the heartbeats are not known' };
      const heard = heartbeats.find(
        (beat) => beat.hostId === action.hostId && now - beat.at <= policy.staleness.heartbeatMs,
      );
      return heard === undefined
        ? undefined
        : { invariant: 'I1', text: `task ${heard.taskId} is heard from that host` };
    }
    case 'associate-address': {
      const busy = facts('tasks')?.find((task) => task.hostId === action.hostId && task.status !== 'stopped');
      return busy === undefined
        ? undefined
        : { invariant: 'I1', text: `task ${busy.taskId} would lose its connections` };
    }
    case 'release-address': {
      if (facts('records')?.front.includes(action.ip) === true)
        return { invariant: 'I3', text: `${action.ip} is in the front set` };
      const addresses = facts('addresses');
      if (addresses === undefined) return { invariant: 'I1', text: 'the addresses are not known' };
      const owner = addresses.find((address) => address.addressId === action.addressId)?.hostId;
      return owner === undefined ? undefined : { invariant: 'I1', text: `${owner} has ${action.ip}` };
    }
    case 'set-front':
      return frontFault(action.ips, facts, policy, now);
    default:
      return undefined;
  }
}

function stopFault(
  taskId: string,
  facts: Known,
  policy: Policy,
  now: number,
): Pick<Violation, 'invariant' | 'text'> | undefined {
  const heartbeats = facts('heartbeats');
  if (heartbeats === undefined) return { invariant: 'I1', text: 'the heartbeats are not known' };
  const beat = heartbeats.find((each) => each.taskId === taskId);
  // A task takes its first broadcast only after a heartbeat was stored.
  if (beat === undefined) return undefined;
  if (now - beat.at > policy.staleness.heartbeatMs || beat.at - now > policy.staleness.futureMs)
    return { invariant: 'I1', text: 'its last heartbeat can not be believed' };
  if (beat.accepting) return { invariant: 'I1', text: 'it still takes broadcasts' };
  if (beat.shows.length > 0) return { invariant: 'I1', text: `it holds ${beat.shows.length} broadcasts` };
  if ((beat.passing ?? 0) > 0) return { invariant: 'I1', text: `${beat.passing} broadcasts go through it` };
  if (beat.unstoredBytes > 0) return { invariant: 'I1', text: 'its recordings are not stored yet' };
  return undefined;
}

function frontFault(
  ips: readonly string[],
  facts: Known,
  policy: Policy,
  now: number,
): Pick<Violation, 'invariant' | 'text'> | undefined {
  if (ips.length === 0) return { invariant: 'I3', text: 'it would be empty' };
  const addresses = facts('addresses');
  const tasks = facts('tasks');
  const heartbeats = facts('heartbeats');
  if (addresses === undefined || tasks === undefined || heartbeats === undefined)
    return { invariant: 'I3', text: 'addresses, tasks or heartbeats are not known' };
  const heard = new Set(
    heartbeats.flatMap(({ taskId, at }) => (now - at <= policy.staleness.heartbeatMs ? taskId : [])),
  );
  for (const ip of ips) {
    const hostId = addresses.find((address) => address.ip === ip)?.hostId;
    // The list of tasks may still say `pending` when the task has long been heard.
    const runs = tasks.some(
      ({ hostId: host, taskId, status }) =>
        host === hostId && (status === 'running' || status === 'pending') && heard.has(taskId),
    );
    if (hostId === undefined || !runs) return { invariant: 'I3', text: `no task runs at ${ip}` };
  }
  return undefined;
}
