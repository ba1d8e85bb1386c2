import type { Removal } from '../../../core/chat/bus.ts';
import type { ChatMessage } from '../../../core/chat/message.ts';
import { historyLength, keptLength, type History } from '../../../core/chat/protocol.ts';
import { controlFrame, eventFrame, together, type Frame } from '../delivery/frame.ts';

/** A message as this task needs it: encoded once, when it comes in. */
export interface Line {
  readonly id: string;
  readonly person: string;
  readonly json: string;
}

export const lineOf = (message: ChatMessage): Line => ({
  id: message.id,
  person: message.by.id,
  json: JSON.stringify(message),
});

export const isPurged = (line: Line, person: string, until: string): boolean =>
  line.person === person && line.id <= until;

/** Resumes that are remembered until the next change: in a storm nearly all come back with one of a few ids. */
const mostResumes = 256;
/** Removals that are told to those who were not there: a moderator's busy hour, 3 kB for one who missed them all. */
const mostRemovals = 100;
/** Later than every id. */
const never = '~';

export const historyFrame = (lines: readonly Line[], from: History['from']): Frame =>
  eventFrame('history', `{"messages":[${lines.map(({ json }) => json).join(',')}],"from":"${from}"}`);

/**
 * What has been sent to everybody here, newest last: for newcomers and for those who come back. What they get
 * is encoded once for all who come between two changes.
 */
export class Kept {
  #lines: Line[] = [];
  /** Whoever has this message or a later one has missed nothing that is not here; undefined: all of it is here. */
  #floor: string | undefined;
  #history: Frame | undefined;
  #removals: readonly (Pick<Removal, 'at'> & { readonly frame: Frame })[] = [];
  readonly #resumes = new Map<string, Frame>();

  constructor(kept: readonly ChatMessage[], whole: boolean, removals: readonly Removal[]) {
    this.#floor = whole ? undefined : (kept[0]?.id ?? never);
    for (const removal of removals) this.#remember(removal);
    this.add(kept.map(lineOf));
  }

  get lastId(): string {
    return this.#lines.at(-1)?.id ?? '';
  }

  /** In the order of their ids, later than all that is here. */
  add(lines: readonly Line[]): void {
    const [first] = lines;
    if (first === undefined) return;
    if (this.#floor === never) this.#floor = first.id;
    this.#lines.push(...lines);
    // Trimmed by tenths, not for every message.
    const excess = this.#lines.length - keptLength;
    if (excess > keptLength / 10) this.#floor = this.#lines.splice(0, excess).at(-1)?.id ?? this.#floor;
    this.#changed();
  }

  /** What comes next does not follow what is here. */
  breakOff(): void {
    this.#lines = [];
    this.#floor = never;
    this.#changed();
  }

  remove(removal: Removal, isGone: (line: Line) => boolean): void {
    this.#lines = this.#lines.filter((line) => !isGone(line));
    this.#remember(removal);
    this.#changed();
  }

  /** For a newcomer. */
  history(): Frame {
    this.#history ??= historyFrame(
      this.#lines.slice(-historyLength),
      this.#floor === undefined && this.#lines.length <= historyLength ? 'start' : 'middle',
    );
    return this.#history;
  }

  /** For one who could not be sent everything after this id; what they have may have a hole. */
  resync(id = ''): Frame {
    return this.#withRemovals(id, historyFrame(this.#lines.slice(-historyLength), 'middle'));
  }

  /** For one who has everything until and with this id. */
  after(id: string): Frame {
    const known = this.#resumes.get(id);
    if (known !== undefined) return known;
    const made =
      this.#floor === undefined || id >= this.#floor
        ? this.#withRemovals(
            id,
            historyFrame(
              this.#lines.filter((line) => line.id > id),
              'after',
            ),
          )
        : this.resync(id);
    if (this.#resumes.size < mostResumes) this.#resumes.set(id, made);
    return made;
  }

  #remember({ at, control }: Removal): void {
    this.#removals = [...this.#removals, { at, frame: controlFrame(control) }].slice(-mostRemovals);
  }

  /** First what is to go, so that nothing of it is seen once more. */
  #withRemovals(id: string, history: Frame): Frame {
    const [first, ...others] = this.#removals.filter(({ at }) => at >= id).map(({ frame }) => frame);
    return first === undefined ? history : together(first, ...others, history);
  }

  #changed(): void {
    this.#history = undefined;
    this.#resumes.clear();
  }
}
