import { resolve } from 'node:path';
import { plan as makePlan } from '../../../core/fleet/plan.ts';
import { validate } from '../../../core/fleet/validate.ts';
import { type Command, type Context } from '../command.ts';
import { CommandError } from '../errors.ts';
import { readFacts } from '../fleet-client.ts';
import type { Io } from '../io.ts';
import { planLines } from '../plan-lines.ts';
import { changePolicy, readPolicy } from '../policy-change.ts';
import { passFile } from '../snapshot-file.ts';

async function readJsonFile({ io }: Context, option: string, file: string): Promise<unknown> {
  let text: string;
  try {
    text = await io.readFile(resolve(file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : error instanceof Error ? error.message : '';
    throw new CommandError('usage', `--${option} ${file}: ${why}`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    throw new CommandError('usage', `--${option} ${file} is not JSON: ${why}`, { cause: error });
  }
}

const saveErrors: Readonly<Record<string, string>> = {
  EEXIST: 'is there already: give another name',
  ENOENT: 'is in a folder that is not there',
  EACCES: 'may not be written',
  EISDIR: 'is a folder: give a file',
};

async function keepFacts(io: Io, file: string, facts: unknown): Promise<void> {
  try {
    await io.writeFile(resolve(file), `${JSON.stringify(facts)}\n`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = saveErrors[code ?? ''] ?? (error instanceof Error ? error.message : '');
    throw new CommandError('usage', `--save ${file} ${why}`, { cause: error });
  }
}

async function readPass(context: Context) {
  const file = context.value('snapshot');
  const found =
    file === undefined
      ? await readFacts(await context.door.connect())
      : await readJsonFile(context, 'snapshot', file);
  const result = passFile.safeParse(found);
  if (!result.success) {
    const [issue] = result.error.issues;
    const where = issue?.path.join('.') ?? '';
    throw new CommandError(
      file === undefined ? 'failed' : 'usage',
      `${file === undefined ? 'the snapshot' : `--snapshot ${file}`} is not one that can be planned from: ${where === '' ? 'it' : where}: ${issue?.message ?? ''}`,
      { hint: 'tidecast plan --save FILE writes one.' },
    );
  }
  return { ...result.data, policy: readPolicy(result.data.policy), raw: found };
}

export const plan: Command = {
  name: 'plan',
  takes: [],
  summary: 'what the scheduler would do with the facts of its last pass, and why',
  help: `Runs the scheduler's planner here, on the facts and at the time of its last pass, and prints what it decides, in
order, with reasons; why it does nothing more; what limits it. Never changes anything, with or without --dry-run.

What would happen if: --policy FILE takes a JSON file with the values that are to differ, for example
{"hosts":{"max":20},"rollout":{"patienceMs":0}}; decisions that this adds are marked +, those that it drops -.
core/fleet/policy.ts names all values with their units.

Exits with 1 when the plan would break an invariant: then the scheduler applies nothing of that.`,
  options: {
    'dry-run': { what: 'said for the reader: this command never acts' },
    snapshot: { value: 'FILE', what: 'facts that were kept, instead of asking' },
    policy: { value: 'FILE', what: 'JSON with policy values that differ' },
    save: { value: 'FILE', what: 'keep the facts, for --snapshot' },
  },
  run: async (context) => {
    const { io, width, paint } = context;
    const wanted = context.value('policy');
    const other = wanted === undefined ? {} : await readJsonFile(context, 'policy', wanted);
    const pass = await readPass(context);
    const { policy, changes } = changePolicy(pass.policy, other);
    const keepIn = context.value('save');
    if (keepIn !== undefined) await keepFacts(io, keepIn, pass.raw);
    const { snapshot, at } = pass;
    const planned = makePlan(snapshot, policy, at);
    const inForce = changes.length === 0 ? planned : makePlan(snapshot, pass.policy, at);
    const violations = validate(planned, snapshot, policy, at);
    const { decisions, notes, limitedBy, alarms, figures } = planned;
    return {
      lines: [
        ...planLines({ at, plan: planned, violations, changes, inForce }, { width, paint }),
        ...(keepIn === undefined
          ? []
          : ['', `The facts are kept in ${keepIn}: tidecast plan --snapshot ${keepIn}`]),
      ],
      json: { at, decisions, notes, limitedBy, alarms, figures, violations, changes },
      failed: violations.length > 0,
    };
  },
};
