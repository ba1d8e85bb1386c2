import type { Action, Alarm, AlarmName, Decision, Limit, Note, Subject } from './decision.ts';
import type { ReasonCode } from './heartbeat.ts';

/** The stages of a plan in the order in which they are applied: what takes away first, what adds last. */
const stages = [
  'set-front',
  'write-order',
  'write-peers',
  'stop-task',
  'deregister-target',
  'terminate-host',
  'remove-slot-record',
  'release-address',
  'forget-task',
  'protect-host',
  'set-desired',
  'allocate-address',
  'associate-address',
  'set-slot-record',
  'register-target',
  'start-task',
] as const satisfies readonly Action['kind'][];

/** What a pass has decided so far. Lives inside one call of plan(). */
export class Draft {
  readonly #decisions = new Map<Action['kind'], Decision[]>();
  readonly notes: Note[] = [];
  readonly limits = new Set<Limit>();
  readonly alarms: Alarm[] = [];

  decide(action: Action, subject: Subject, reason: ReasonCode, text: string): void {
    const decision = { action, subject, reason, text };
    const list = this.#decisions.get(action.kind);
    if (list === undefined) this.#decisions.set(action.kind, [decision]);
    else list.push(decision);
  }

  note(subject: Subject, reason: ReasonCode, text: string): void {
    this.notes.push({ subject, reason, text });
  }

  alarm(name: AlarmName, subject: Subject, text: string): void {
    this.alarms.push({ name, subject, text });
  }

  limit(limit: Limit, text: string): void {
    if (!this.limits.has(limit)) this.note({}, 'limit', text);
    this.limits.add(limit);
  }

  count(kind: Action['kind']): number {
    return this.#decisions.get(kind)?.length ?? 0;
  }

  of(kind: Action['kind']): readonly Decision[] {
    return this.#decisions.get(kind) ?? [];
  }

  inOrder(): readonly Decision[] {
    return stages.flatMap((kind) => this.#decisions.get(kind) ?? []);
  }
}
