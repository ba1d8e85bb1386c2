import type { LoggedDecision } from '../../../core/fleet/ports.ts';
import { type Command } from '../command.ts';
import type { Connection } from '../connection.ts';
import { readDecisions, readFleet, type SeenFleet } from '../fleet-client.ts';
import { namesOfFleet, namesOfSubjects, notKnown, pick, type Named } from '../names.ts';
import { alarmsAbout, decisionLines, decisionsAbout, hostsOf, stateLines } from '../why-lines.ts';

interface Found {
  readonly named: Named;
  readonly decisions: readonly LoggedDecision[];
}

/** What runs now first; what has stopped is known by the decisions about it only. */
async function find(word: string, connection: Connection, { fleet, now }: SeenFleet): Promise<Found> {
  const running = pick(word, namesOfFleet(fleet));
  if (running?.kind === 'task')
    return { named: running, decisions: await readDecisions(connection, { task: running.id, now }) };
  const all = await readDecisions(connection, { now });
  const names = namesOfSubjects(all.map(({ subject }) => subject));
  const named = running ?? pick(word, names);
  if (named === undefined)
    throw notKnown(word, [...namesOfFleet(fleet), ...names], 'task, host or slot of the last week');
  return { named, decisions: decisionsAbout(named, all) };
}

export const why: Command = {
  name: 'why',
  takes: ['<task|host|slot>'],
  summary: 'what was decided about it in the last week, and what it waits for',
  help: `Its state now, what it waits for, its alarms; then the decisions about it, newest last: time, action with its
outcome, [reason], text. Outcomes: done, failed (with the error), planned (the call was not made, or its answer
was lost: the next pass looks again), note (nothing was done, and why). What was said again and again stands once.
The beginning of an id is enough where no other begins like it. Also finds what has stopped in this week.`,
  options: {},
  run: async (context) => {
    const { io, words, width, paint } = context;
    const [word = ''] = words;
    const connection = await context.door.connect();
    const seen = await readFleet(connection, io.now);
    const { named, decisions } = await find(word, connection, seen);
    const hosts = hostsOf(named, seen.fleet);
    const look = { now: seen.now, width, paint };
    return {
      lines: [
        ...stateLines(named, seen.fleet, look),
        '',
        ...decisionLines(decisions, look, named.kind === 'task' ? hosts[0]?.slot : undefined),
      ],
      json: {
        ...named,
        at: seen.fleet.at,
        hosts,
        alarms: alarmsAbout(named, seen.fleet),
        decisions,
      },
    };
  },
};
