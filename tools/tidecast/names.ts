import type { FleetView } from '../../core/api/ops.ts';
import type { Subject } from '../../core/fleet/decision.ts';
import { CommandError } from './errors.ts';
import { nearest } from './suggest.ts';
import { count } from './text.ts';

/** What a word on the command line may mean. */
export interface Named {
  readonly kind: 'task' | 'host' | 'slot';
  readonly id: string;
}

/** "arn:aws:ecs:…:task/cluster/0123…" as the AWS console copies it means the task. */
const bare = (word: string): string => word.slice(word.lastIndexOf('/') + 1);

export const namesOfFleet = (fleet: FleetView): readonly Named[] =>
  fleet.hosts.flatMap(({ hostId, slot, task }): readonly Named[] => [
    { kind: 'host', id: hostId },
    ...(task === undefined ? [] : [{ kind: 'task' as const, id: task.taskId }]),
    ...(slot === undefined ? [] : [{ kind: 'slot' as const, id: slot }]),
  ]);

export const namesOfSubjects = (subjects: readonly Subject[]): readonly Named[] =>
  subjects.flatMap(({ taskId, hostId, slot }): readonly Named[] => [
    ...(taskId === undefined ? [] : [{ kind: 'task' as const, id: taskId }]),
    ...(hostId === undefined ? [] : [{ kind: 'host' as const, id: hostId }]),
    ...(slot === undefined ? [] : [{ kind: 'slot' as const, id: slot }]),
  ]);

const distinct = (names: readonly Named[]): readonly Named[] => [
  ...new Map(names.map((name) => [`${name.kind} ${name.id}`, name])).values(),
];

/** More would scroll the message itself away. */
const maxListed = 20;

/**
 * The one that is meant: by its whole id, or by a beginning that no other has.
 * Undefined when there is none. @throws CommandError when there are several.
 */
export function pick(word: string, names: readonly Named[]): Named | undefined {
  const wanted = bare(word).toLowerCase();
  const all = distinct(names);
  const exact = all.filter(({ id }) => id.toLowerCase() === wanted);
  const found = exact.length > 0 ? exact : all.filter(({ id }) => id.toLowerCase().startsWith(wanted));
  if (found.length <= 1) return found[0];
  const listed = found.slice(0, maxListed).map(({ kind, id }) => `  ${kind.padEnd(5)} ${id}`);
  const more = found.length > maxListed ? [`  … and ${found.length - maxListed} more`] : [];
  throw new CommandError('usage', `'${word}' may mean ${count(found.length, 'thing')}:`, {
    hint: [...listed, ...more, 'Type more of it.'].join('\n'),
  });
}

/** A running task, by its id or the beginning of it. @throws CommandError */
export function pickTask(word: string, fleet: FleetView, command: string): string {
  const names = namesOfFleet(fleet);
  const tasks = names.filter(({ kind }) => kind === 'task');
  const task = pick(word, tasks);
  if (task !== undefined) return task.id;
  // Not taken for its task: by the time it is read the slot may be another's.
  const other = pick(word, names);
  const on = fleet.hosts.find(({ hostId, slot }) => (other?.kind === 'host' ? hostId : slot) === other?.id);
  if (other !== undefined)
    throw new CommandError(
      'usage',
      `${other.id} is a ${other.kind}, not a task${on?.task === undefined ? ', and has none' : ''}`,
      on?.task === undefined ? {} : { hint: `Its task: tidecast ${command} ${on.task.taskId}` },
    );
  throw notKnown(word, tasks, 'task that runs now');
}

export function notKnown(word: string, names: readonly Named[], what: string): CommandError {
  const meant = nearest(
    bare(word),
    distinct(names).map(({ id }) => id),
  );
  return new CommandError('failed', `there is no ${what} by the name '${word}'`, {
    hint:
      meant === undefined
        ? 'tidecast fleet lists them.'
        : `Did you mean ${meant}? tidecast fleet lists them.`,
  });
}
