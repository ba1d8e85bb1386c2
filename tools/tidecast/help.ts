import type { Command } from './command.ts';
import { commonOptions, type OptionSpecs } from './options.ts';

function optionLines(options: OptionSpecs): readonly string[] {
  const lines = Object.entries(options).map(
    ([name, { value, what }]) => [`--${name}${value === undefined ? '' : ` ${value}`}`, what] as const,
  );
  const width = Math.max(17, ...lines.map(([call]) => call.length));
  return lines.map(([call, what]) => `  ${call.padEnd(width)} ${what}`);
}

const exitLines = `Exit codes: 0 done · 1 failed · 2 wrong usage · 3 not reachable · 4 not allowed`;

const call = ({ name, takes }: Command): string => [name, ...takes].join(' ');

export const overview = (
  commands: readonly Command[],
): string => `tidecast: looks after the fleet that takes the broadcasts, and after the chat.

  npx tidecast COMMAND [OPTIONS]        in a checkout; or npm run tidecast -- COMMAND

${commands.map((command) => `  ${call(command).padEnd(25)} ${command.summary}`).join('\n')}
  ${'help [COMMAND]'.padEnd(25)} this text, or more about a command

Options of all commands:
${optionLines(commonOptions).join('\n')}

Environment:
  TIDECAST_TOKEN    access token of an operator; never an argument, as those stand in the list of processes
  TIDECAST_URL      the installation, when there is no --url
  NO_COLOR          no colours (there are none either where stdout is no terminal)

Without --url it is the local platform of this checkout (npm start), which gives its own token.
The beginning of an id is enough where no other begins like it.

${exitLines}`;

export const commandHelp = (command: Command): string => `tidecast ${call(command)}: ${command.summary}

${command.help}
${Object.keys(command.options).length === 0 ? '' : `\n${optionLines(command.options).join('\n')}\n`}
Options of all commands:
${optionLines(commonOptions).join('\n')}

${exitLines}`;
