/** Questions to the API: one at a time, never too close together, the urgent before the regular. */

export interface InquiriesDependencies<Question> {
  readonly ask: (question: Question) => Promise<void>;
  /** Time that only runs forward, in ms. */
  readonly stopwatch: { now(): number };
  /** However often it is asked for: never twice within this. */
  readonly minGapMs: number;
}

export class Inquiries<Question> {
  readonly #dependencies: InquiriesDependencies<Question>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  /** What came up while a question was under way. */
  #next: { readonly question: Question; readonly afterMs: number } | undefined;
  #stopped = false;

  constructor(dependencies: InquiriesDependencies<Question>) {
    this.#dependencies = dependencies;
  }

  /** Whether anything will be asked after what is under way. */
  get planned(): boolean {
    return this.#next !== undefined || this.#timer !== undefined;
  }

  /** Replaces what was planned. */
  plan(question: Question, afterMs: number): void {
    this.cancel();
    if (this.#stopped) return;
    if (this.#asking) {
      this.#next = { question, afterMs };
      return;
    }
    const { stopwatch, minGapMs } = this.#dependencies;
    const waitMs = Math.max(0, afterMs, this.#askedAtMs + minGapMs - stopwatch.now());
    this.#timer = setTimeout(() => void this.#run(question), waitMs);
  }

  /** Forgets what was planned; a question under way comes to its end. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#next = undefined;
  }

  stop(): void {
    this.#stopped = true;
    this.cancel();
  }

  async #run(question: Question): Promise<void> {
    this.#timer = undefined;
    this.#asking = true;
    this.#askedAtMs = this.#dependencies.stopwatch.now();
    await this.#dependencies.ask(question);
    this.#asking = false;
    const next = this.#next;
    if (next !== undefined) this.plan(next.question, next.afterMs);
  }
}
