import { parseArgs } from 'node:util';
import { CommandError } from './errors.ts';
import { nearest } from './suggest.ts';

export interface OptionSpec {
  /** What stands behind it, for the help; absent for a switch. */
  readonly value?: string;
  readonly what: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

export const commonOptions: OptionSpecs = {
  json: { what: 'one JSON document on stdout, nothing else' },
  url: { value: 'URL', what: 'the installation, e.g. https://tidecast.example (or TIDECAST_URL)' },
  data: { value: 'FOLDER', what: 'data folder of the local platform (default .tidecast of the checkout)' },
  help: { what: 'this text' },
};

export interface Arguments {
  readonly words: readonly string[];
  readonly given: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
}

/** Says the name of an option only: what stands behind the `=` may be a secret. */
function unknownOption(name: string, specs: OptionSpecs): CommandError {
  if (/token|password|secret/i.test(name))
    return new CommandError('usage', `there is no --${name}: it would stand in the list of processes`, {
      hint: 'Set the environment variable TIDECAST_TOKEN instead.',
    });
  const meant = nearest(name, Object.keys(specs));
  return new CommandError('usage', `there is no option ${name.length === 1 ? '-' : '--'}${name}`, {
    hint: meant === undefined ? 'See tidecast --help.' : `Did you mean --${meant}?`,
  });
}

/**
 * Splits a command line. Options may stand before and behind the command; all of those known to any command
 * are understood here, and whether this one takes them is asked by `checkOptions`.
 * @throws CommandError
 */
export function readArguments(argv: readonly string[], specs: OptionSpecs): Arguments {
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: Object.fromEntries(
      Object.entries(specs).map(([name, { value }]) => [
        name,
        { type: value === undefined ? 'boolean' : 'string', ...(name === 'help' ? { short: 'h' } : {}) },
      ]),
    ),
  });
  const words: string[] = [];
  const given = new Set<string>();
  const values = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const spec = Object.hasOwn(specs, token.name) ? specs[token.name] : undefined;
    if (spec === undefined) throw unknownOption(token.name, specs);
    given.add(token.name);
    if (spec.value === undefined) {
      if (token.value !== undefined) throw new CommandError('usage', `--${token.name} takes no value`);
      continue;
    }
    // `--url --json` forgot the address; a value that really begins with a dash can be given with `=`.
    const missing = token.value === undefined || (!token.inlineValue && token.value.startsWith('-'));
    if (missing || token.value === '')
      throw new CommandError('usage', `--${token.name} needs a value: --${token.name} ${spec.value}`);
    values.set(token.name, token.value);
  }
  return { words, given, values };
}

/** @throws CommandError for an option that belongs to other commands. */
export function checkOptions(given: ReadonlySet<string>, own: OptionSpecs, command: string): void {
  for (const name of given)
    if (!Object.hasOwn(own, name) && !Object.hasOwn(commonOptions, name))
      throw new CommandError('usage', `tidecast ${command} takes no --${name}`, {
        hint: `See tidecast ${command} --help.`,
      });
}
