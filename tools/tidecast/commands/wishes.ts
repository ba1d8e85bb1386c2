/** What an operator asks of the scheduler about one task. The scheduler carries it out, and logs it. */
import { operatorWish } from '../../../containers/api/ops-schemas.ts';
import type { FleetView, TaskView } from '../../../core/api/ops.ts';
import { type Command, type Context } from '../command.ts';
import type { Connection } from '../connection.ts';
import { CommandError } from '../errors.ts';
import { readFleet, titleOf, wish } from '../fleet-client.ts';
import { pickTask } from '../names.ts';
import { clean, count, span } from '../text.ts';

/** As the API will see it: said before anything is asked. */
function readReason(context: Context, otherwise?: string): string {
  const text = context.value('reason') ?? otherwise;
  if (text === undefined)
    throw new CommandError('usage', 'say why: --reason TEXT (it stands in the decision log)');
  const result = operatorWish.safeParse({ reason: text });
  if (!result.success)
    throw new CommandError('usage', `--reason ${result.error.issues[0]?.message ?? 'is not right'}`);
  return result.data.reason;
}

const taskOf = (fleet: FleetView, taskId: string): TaskView | undefined =>
  fleet.hosts.find(({ task }) => task?.taskId === taskId)?.task;

interface Kind {
  readonly name: 'drain' | 'keep';
  readonly summary: string;
  readonly help: string;
  /** What will happen, for a task with so many broadcasts. */
  readonly outlook: (task: TaskView | undefined) => string;
}

const simple = ({ name, summary, help, outlook }: Kind): Command => ({
  name,
  takes: ['<task>'],
  summary,
  help,
  options: { reason: { value: 'TEXT', what: 'why, for the decision log (at most 200 characters)' } },
  run: async (context) => {
    const reason = readReason(context, `tidecast ${name}, no reason given`);
    const connection = await context.door.connect();
    const { fleet } = await readFleet(connection, context.io.now);
    const taskId = pickTask(context.words[0] ?? '', fleet, name);
    const requestId = await wish(connection, taskId, name, reason);
    return {
      lines: [
        `Asked the scheduler to ${name} ${taskId} (request ${clean(requestId)}).`,
        outlook(taskOf(fleet, taskId)),
        `Follow it: tidecast why ${taskId}`,
      ],
      json: { kind: name, taskId, reason, requestId },
    };
  },
});

export const drain = simple({
  name: 'drain',
  summary: 'have a task go; its broadcasts run on until they end',
  help: `The next pass takes the task out of the front set and has it refuse new broadcasts. Those that run go on, however
long, and come back to it after a short break of the line; when the last one has ended and the DNS time has passed
the task is stopped. No broadcast is cut off. Taken back with tidecast keep.`,
  outlook: (task) =>
    task === undefined || task.shows.length === 0
      ? 'It holds no broadcast: it is stopped when the DNS time has passed.'
      : `It still holds ${count(task.shows.length, 'broadcast')}, and is stopped after the last one has ended.`,
});

export const keep = simple({
  name: 'keep',
  summary: 'take it back that a task is to go',
  help: `For a task that is expired or draining, by whatever reason: it takes new broadcasts again from the next pass on.
For an hour the scheduler does not send it away again: a release waits for it so long. After that it may decide
anew. tidecast drain takes a keep back.`,
  outlook: (task) =>
    task !== undefined && task.order === undefined
      ? 'It is not told to go, and will not be for an hour: a release waits for it so long.'
      : 'It takes new broadcasts again when it has acknowledged that, usually within 20 s, and stays for an hour.',
});

/** Every broadcast that would be cut off, with whose it is where that may be known. */
async function victims(
  connection: Connection,
  task: TaskView,
  now: number,
): Promise<readonly { readonly line: string; readonly json: unknown }[]> {
  return Promise.all(
    task.shows.map(async ({ broadcastId, state, startedAt }) => {
      const title = await titleOf(connection, broadcastId);
      return {
        line: `  ${clean(broadcastId)}  ${clean(state)}, on air for ${span(now - startedAt)}${title === undefined ? '' : `  ${clean(title)}`}`,
        json: { broadcastId, state, startedAt, ...(title === undefined ? {} : { title }) },
      };
    }),
  );
}

function warning(task: TaskView, now: number): string {
  const age =
    task.seenAt === undefined
      ? 'It was never heard from'
      : `It was last heard from ${span(now - task.seenAt)} ago`;
  if (task.shows.length === 0)
    return task.state === 'lost' || task.seenAt === undefined
      ? `${age}: whether it holds broadcasts is NOT known.`
      : `It holds no broadcast (${age.slice(3)}).`;
  return `${age}. This cuts off ${count(task.shows.length, 'broadcast')}:`;
}

export const forceStop: Command = {
  name: 'force-stop',
  takes: ['<task>'],
  summary: 'stop a task now and CUT OFF what it holds',
  help: `The only way to cut a broadcast off, and never automatic. Without --yes it shows what would be cut off, and does
nothing. Encoders that reconnect within 60 s go on with the same broadcast on another task: a gap of seconds, not
the end of the show; those that don't, are over. tidecast drain does the same without harm, only later.`,
  options: {
    reason: { value: 'TEXT', what: 'why, for the decision log (needed; at most 200 characters)' },
    yes: { what: 'really do it' },
  },
  run: async (context) => {
    const reason = readReason(context);
    const connection = await context.door.connect();
    const { fleet, now } = await readFleet(connection, context.io.now);
    const taskId = pickTask(context.words[0] ?? '', fleet, 'force-stop');
    const task = taskOf(fleet, taskId);
    const shows = task === undefined ? [] : await victims(connection, task, now);
    const about = task === undefined ? [] : [warning(task, now), ...shows.map(({ line }) => line)];
    if (!context.has('yes'))
      throw new CommandError('usage', `not stopped: task ${taskId} is only stopped with --yes`, {
        hint: [...about, `Without harm, only later: tidecast drain ${taskId}`].join('\n'),
      });
    const requestId = await wish(connection, taskId, 'force-stop', reason);
    return {
      lines: [
        `Asked the scheduler to stop ${taskId} now (request ${clean(requestId)}).`,
        ...about,
        `Follow it: tidecast why ${taskId}`,
      ],
      json: { kind: 'force-stop', taskId, reason, requestId, shows: shows.map(({ json }) => json) },
    };
  },
};
