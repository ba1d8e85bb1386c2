import type { Command, Context, Result } from './command.ts';
import { drill } from './commands/drill.ts';
import { fleet } from './commands/fleet.ts';
import { gate } from './commands/gate.ts';
import { limits } from './commands/limits.ts';
import { killHost, release } from './commands/local.ts';
import { plan } from './commands/plan.ts';
import { shards } from './commands/shards.ts';
import { why } from './commands/why.ts';
import { drain, forceStop, keep } from './commands/wishes.ts';
import { openDoor } from './connection.ts';
import { CommandError, exitCodes } from './errors.ts';
import { commandHelp, overview } from './help.ts';
import type { Io } from './io.ts';
import { checkOptions, commonOptions, readArguments, type Arguments, type OptionSpecs } from './options.ts';
import { nearest } from './suggest.ts';
import { clean, paintFor } from './text.ts';

export const commands: readonly Command[] = [
  fleet,
  why,
  plan,
  drain,
  keep,
  forceStop,
  shards,
  limits,
  drill,
  gate,
  release,
  killHost,
];

const allOptions: OptionSpecs = Object.assign({}, ...commands.map(({ options }) => options), commonOptions);

function commandCalled(name: string): Command {
  const command = commands.find((each) => each.name === name);
  if (command !== undefined) return command;
  const meant = nearest(
    name,
    commands.map((each) => each.name),
  );
  throw new CommandError('usage', `there is no command '${name}'`, {
    hint: meant === undefined ? 'tidecast --help lists them.' : `Did you mean tidecast ${meant}?`,
  });
}

function checkWords({ name, takes }: Command, words: readonly string[]): void {
  const missing = takes[words.length];
  if (missing !== undefined && !missing.startsWith('['))
    throw new CommandError('usage', `tidecast ${name} needs ${missing}`, {
      hint: `tidecast ${[name, ...takes].join(' ')}${missing.startsWith('<') ? '; tidecast fleet lists what there is.' : ''}`,
    });
  const extra = words[takes.length];
  if (extra !== undefined)
    throw new CommandError('usage', `tidecast ${name} does not know what to do with '${extra}'`, {
      hint: `It is called as: tidecast ${[name, ...takes].join(' ')}`,
    });
}

/** Help for one command is asked for as `tidecast why --help` or `tidecast help why`. */
async function answer(io: Io, { words, given, values }: Arguments): Promise<Result> {
  const [first, ...rest] = words;
  const asksHelp = given.has('help') || first === 'help';
  const name = first === 'help' ? rest[0] : first;
  if (asksHelp || name === undefined) {
    const text = name === undefined ? overview(commands) : commandHelp(commandCalled(name));
    if (asksHelp) return { lines: text.split('\n'), json: { help: text } };
    throw new CommandError('usage', 'which command?', { hint: text });
  }
  const command = commandCalled(name);
  checkOptions(given, command.options, name);
  checkWords(command, rest);
  const context: Context = {
    io,
    door: openDoor(io, values),
    words: rest,
    has: (option) => given.has(option),
    value: (option) => values.get(option),
    json: given.has('json'),
    width: io.terminal?.columns ?? Infinity,
    paint: paintFor(io.colour.out),
  };
  return command.run(context);
}

/** Runs the command and returns its exit code. */
export async function run(io: Io, argv: readonly string[]): Promise<number> {
  // Looked for by itself: what comes before it may be what is wrong.
  const json = argv.includes('--json');
  try {
    const result = await answer(io, readArguments(argv, allOptions));
    if (json) io.out(`${JSON.stringify(result.json, undefined, 2)}\n`);
    else if (result.lines.length > 0) io.out(`${result.lines.join('\n')}\n`);
    return result.failed === true ? exitCodes.failed : exitCodes.ok;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const { kind, message, hint } = error;
    if (json) io.out(`${JSON.stringify({ error: { kind, message, hint } }, undefined, 2)}\n`);
    // Texts of other sides may be in it; line breaks are ours.
    const said = [message, ...(hint === undefined ? [] : hint.split('\n'))].map(clean);
    const paint = paintFor(io.colour.err);
    io.err(`${paint('bad', 'tidecast:')} ${said.join('\n')}\n`);
    return exitCodes[kind];
  }
}
