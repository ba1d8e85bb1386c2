import { CommandError } from '../errors.ts';
import { type Command, type Context, type Result } from '../command.ts';
import type { Connection } from '../connection.ts';
import { readFleet } from '../fleet-client.ts';
import { fleetLines, silence } from '../fleet-lines.ts';
import { wallTime } from '../text.ts';

/** A pass takes about 10 s: what changes is shown within a fifth of it. */
const redrawMs = 2_000;

async function show(context: Context, connection: Connection): Promise<Result> {
  const { io, width, paint } = context;
  const { fleet, now } = await readFleet(connection, io.now);
  const silent = silence(fleet, now);
  const alarms = [...(silent === undefined ? [] : [{ ...silent, subject: {} }]), ...fleet.alarms];
  return { lines: fleetLines(fleet, { now, width, paint }), json: { ...fleet, alarms } };
}

/** Overwrites line by line instead of clearing first, so that nothing flickers. */
function draw({ io }: Context, lines: readonly string[], isFirst: boolean): void {
  if (io.terminal === undefined) {
    io.out(`${isFirst ? '' : '\n'}${lines.join('\n')}\n`);
    return;
  }
  const room = io.terminal.rows - 1;
  const hidden = lines.length - room;
  const shown = hidden > 0 ? [...lines.slice(0, room - 1), `… ${hidden + 1} more lines`] : lines;
  io.out(`${isFirst ? '\u001b[2J' : ''}\u001b[H${shown.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`);
}

async function watch(context: Context, connection: Connection): Promise<Result> {
  const { io, paint } = context;
  const ended = io.ended();
  let last: readonly string[] | undefined;
  for (let isFirst = true; !ended.aborted; isFirst = false) {
    try {
      last = (await show(context, connection)).lines;
      draw(context, last, isFirst);
    } catch (error) {
      // What was seen last stays on the screen, with the word that it is old; a first failure is the answer.
      if (last === undefined || !(error instanceof CommandError) || error.kind !== 'unreachable') throw error;
      draw(
        context,
        [paint('bad', `${wallTime(io.now())}  ${error.message}; trying again`), ...last],
        isFirst,
      );
    }
    await io.pause(redrawMs);
  }
  return { lines: [], json: undefined };
}

export const fleet: Command = {
  name: 'fleet',
  takes: [],
  summary: 'hosts, tasks, broadcasts, room, front set, alarms',
  help: `One line a host, as the scheduler's last pass saw it: its slot and address, its task with image and
state, how many broadcasts it holds, points used and room, CPU, whether encoders are sent to it (front),
and why it is as it is. Where the terminal is too narrow, columns go to a line below. Above: figures, what
limits the scheduler, alarms with their section of the runbook.

  points      what broadcasts cost: 1000 is a typical one, with all its renditions; a host has room for so many
  free        room for newcomers, counted in whole typical broadcasts: what is left beside them is none
  wanted      what the policy keeps free for them; never under: what nothing that the scheduler does may touch
  slot        a place in the fleet with a name and an address of its own, which go from host to host
  front set   the addresses that encoders are sent to: the fewest that will do, so that others run empty
  expired     told to go; draining: refuses new broadcasts too, and stops after its last one
  lost        not heard from: counts as holding broadcasts, and is left alone`,
  options: { watch: { what: 'draw again every 2 s until Ctrl-C' } },
  run: async (context) => {
    if (!context.has('watch')) return show(context, await context.door.connect());
    if (context.json)
      throw new CommandError('usage', '--watch and --json exclude each other: --json is one document', {
        hint: 'Call tidecast fleet --json again and again instead.',
      });
    return watch(context, await context.door.connect());
  },
};
