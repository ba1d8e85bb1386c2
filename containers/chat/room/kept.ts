import type { ChatMessage } from '../../../core/chat/message.ts';
import { historyLength, keptLength, type History } from '../../../core/chat/protocol.ts';
import { eventFrame, type Frame } from '../delivery/frame.ts';

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
/** Later than every id. */
const never = '~';

const historyFrame = (lines: readonly Line[], from: History['from']): Frame =>
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
  readonly #resumes = new Map<string, Frame>();

  constructor(kept: readonly ChatMessage[], whole: boolean) {
    this.#floor = whole ? undefined : (kept[0]?.id ?? never);
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

  remove(isGone: (line: Line) => boolean): void {
    const left = this.#lines.filter((line) => !isGone(line));
    if (left.length === this.#lines.length) return;
    this.#lines = left;
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

  /** For one who could not be sent everything; what they have may have a hole. */
  resync(): Frame {
    return historyFrame(this.#lines.slice(-historyLength), 'middle');
  }

  /** For one who has everything until and with this id. */
  after(id: string): Frame {
    const known = this.#resumes.get(id);
    if (known !== undefined) return known;
    const made =
      this.#floor === undefined || id >= this.#floor
        ? historyFrame(
            this.#lines.filter((line) => line.id > id),
            'after',
          )
        : this.resync();
    if (this.#resumes.size < mostResumes) this.#resumes.set(id, made);
    return made;
  }

  #changed(): void {
    this.#history = undefined;
    this.#resumes.clear();
  }
}
