import type { Decision, Note, Subject } from '../../core/fleet/decision.ts';
import type { LoggedDecision, PassReport } from '../../core/fleet/ports.ts';
import { actName, callName } from './act.ts';
import type { Outcome } from './apply.ts';

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/**
 * Whether two sentences say the same but for their figures: "waits for 3 broadcasts" and "waits for 12
 * broadcasts" are one line in the log. By hand, for it runs over every note of every pass.
 */
export function sameButFigures(a: string, b: string): boolean {
  if (a === b) return true;
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (isDigit(a.charCodeAt(i)) && isDigit(b.charCodeAt(j))) {
      while (i < a.length && isDigit(a.charCodeAt(i))) i += 1;
      while (j < b.length && isDigit(b.charCodeAt(j))) j += 1;
    } else {
      if (a.charCodeAt(i) !== b.charCodeAt(j)) return false;
      i += 1;
      j += 1;
    }
  }
  return i === a.length && j === b.length;
}

const sameSubject = (a: Subject, b: Subject): boolean =>
  a === b || (a.taskId === b.taskId && a.hostId === b.hostId && a.slot === b.slot && a.digest === b.digest);

const sameNote = (a: Note, b: Note): boolean =>
  a.reason === b.reason && sameSubject(a.subject, b.subject) && sameButFigures(a.text, b.text);

const aboutOf = ({ taskId, hostId, slot, digest }: Subject): string =>
  `${taskId ?? ''} ${hostId ?? ''} ${slot ?? ''} ${digest ?? ''}`;

/** The notes that the pass before has not said. */
export function newNotes(notes: readonly Note[], before: readonly Note[]): readonly Note[] {
  let bySubject: Map<string, Note[]> | undefined;
  return notes.filter((note, index) => {
    // A planner is deterministic: mostly the same note stands in the same place.
    const there = before[index];
    if (there !== undefined && sameNote(note, there)) return false;
    bySubject ??= Map.groupBy(before, ({ subject }) => aboutOf(subject));
    return bySubject.get(aboutOf(note.subject))?.some((other) => sameNote(note, other)) !== true;
  });
}

/** What was said of calls that did not get done, by their names: not repeated while it stays the same. */
export type Undone = ReadonlyMap<string, string>;

export const undoneOf = (errors: PassReport['errors']): Undone =>
  new Map(errors.map(({ call, message }) => [call, message]));

/**
 * The lines of a pass: everything that was done; and what failed, waits or stays, when that is news. So a
 * fleet in which nothing happens writes none.
 */
export function linesOf(pass: {
  readonly at: number;
  readonly decisions: readonly Decision[];
  readonly outcomes: readonly Outcome[];
  readonly notes: readonly Note[];
  readonly before: { readonly notes: readonly Note[]; readonly undone: Undone };
}): { readonly lines: readonly LoggedDecision[]; readonly undone: Undone } {
  const { at, decisions, outcomes, notes, before } = pass;
  const lines: LoggedDecision[] = [];
  const undone = new Map<string, string>();
  for (const [index, { action, subject, reason, text }] of decisions.entries()) {
    const { outcome, error } = outcomes[index] ?? { outcome: 'planned', error: 'not begun' };
    if (error !== undefined) {
      const call = callName(action);
      undone.set(call, error);
      const said = before.undone.get(call);
      if (said !== undefined && sameButFigures(said, error)) continue;
    }
    lines.push({
      at,
      n: lines.length,
      action: actName(action),
      subject,
      reason,
      text,
      outcome,
      ...(error === undefined ? {} : { error }),
    });
  }
  for (const { subject, reason, text } of newNotes(notes, before.notes))
    lines.push({ at, n: lines.length, action: 'none', subject, reason, text, outcome: 'note' });
  return { lines, undone };
}
