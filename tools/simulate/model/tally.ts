/** What came of it all. Counts only; the one who runs the world turns them into figures. */
export type RefusalCause = 'full' | 'draining' | 'dead' | 'no-answer';

/** Who ended a process that held broadcasts. */
export type Killer = 'scheduler' | 'fault' | 'operator';

export interface WorldViolation {
  readonly invariant: 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8';
  readonly at: number;
  readonly text: string;
}

export class Tally {
  encoders = 0;
  /** Encoders that were refused at least once at their first connect. */
  refusedEncoders = 0;
  readonly refusals: Record<RefusalCause, number> = { full: 0, draining: 0, dead: 0, 'no-answer': 0 };
  /** Connections that a full host passed on to another. */
  passedOn = 0;
  /** People who stopped trying after five refusals. */
  gaveUp = 0;
  /** From wanting to be live to being live, of encoders that had to wait. */
  readonly waitsMs: number[] = [];
  /** Broadcasts whose process was ended while it held them. */
  readonly cut: Record<Killer, number> = { scheduler: 0, fault: 0, operator: 0 };
  broadcasts = 0;
  drops = 0;
  /** Came back to the same task; to another one while the first still held it; after its task had died. */
  readonly resumed = { sameTask: 0, otherTask: 0, afterDeath: 0 };
  /** Attempts to come back that were refused or found nobody. */
  resumesRefused = 0;
  /** The grace window ran out while the encoder still tried: its show went on as another broadcast. */
  brokenApart = 0;
  readonly faults: Record<string, number> = {};
  readonly calls: Record<string, number> = {};
  launches = 0;
  taskStarts = 0;
  readonly violations: WorldViolation[] = [];

  fault(name: string): void {
    this.faults[name] = (this.faults[name] ?? 0) + 1;
  }

  call(name: string): void {
    this.calls[name] = (this.calls[name] ?? 0) + 1;
  }

  violation(invariant: WorldViolation['invariant'], at: number, text: string): void {
    this.violations.push({ invariant, at, text });
  }
}
