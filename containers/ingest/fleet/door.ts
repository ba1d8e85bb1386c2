import type { HeldShow } from '../../../core/fleet/heartbeat.ts';
import { typicalPoints } from '../../../core/fleet/cost.ts';
import { isFull, roomPoints, type MeasuredLoad, type RoomLimits } from '../../../core/fleet/room.ts';

/** An encoder whose key is good, at the last moment before its session is written. */
export interface Visit {
  /** The broadcast that this task holds for it: interrupted, or being taken over. */
  readonly own: HeldShow | undefined;
  /** Id of a broadcast that begins now. */
  readonly newId: string;
  readonly at: number;
}

export type Entry =
  | {
      readonly kind: 'admitted';
      /** Only what is held may go on; nothing may begin. */
      readonly only: string | undefined;
      /** The session is held, or was not opened after all. */
      readonly leave: () => void;
    }
  | { readonly kind: 'refused'; readonly why: 'draining' | 'full' };

interface Place {
  readonly show: HeldShow;
}

/**
 * Who may begin a broadcast here. The task is the fence (design section 5): a heartbeat that says `accepting: false`
 * is never followed by a new broadcast. So `close` works at once; `open` only asks for it, and the door opens
 * when a heartbeat that says so has been stored (`confirm`). Who has been let in counts as a show from that
 * moment on, before its session is written: the heartbeat after a close has it.
 */
export class Door {
  readonly #limits: RoomLimits;
  readonly #shows: () => Iterable<HeldShow>;
  readonly #measured: () => MeasuredLoad | undefined;
  readonly #places = new Set<Place>();
  #accepting = false;
  #isOpen = false;
  /** Of the wish to accept: a heartbeat confirms only the one that it spoke of. */
  #epoch = 0;
  #full = false;

  constructor(options: {
    readonly limits: RoomLimits;
    /** What the task holds. */
    readonly shows: () => Iterable<HeldShow>;
    readonly measured: () => MeasuredLoad | undefined;
  }) {
    this.#limits = options.limits;
    this.#shows = options.shows;
    this.#measured = options.measured;
  }

  /** What a heartbeat says. */
  get accepting(): boolean {
    return this.#accepting;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Everything held, and everybody who is between the door and their session. */
  get shows(): readonly HeldShow[] {
    const byId = new Map<string, HeldShow>();
    for (const { show } of this.#places) byId.set(show.broadcastId, show);
    for (const show of this.#shows()) byId.set(show.broadcastId, show);
    return [...byId.values()];
  }

  get usedPoints(): number {
    return this.shows.reduce((sum, { points }) => sum + points, 0);
  }

  get roomPoints(): number {
    return roomPoints(this.#limits, this.#measured());
  }

  get full(): boolean {
    this.#full = isFull(
      this.#limits,
      {
        usedPoints: this.usedPoints,
        roomPoints: this.roomPoints,
        cpu: this.#measured()?.cpu ?? 0,
      },
      this.#full,
    );
    return this.#full;
  }

  /**
   * Whether somebody who connects now had better be led to a task with room: nobody else fits in inside the
   * band. While a show is interrupted newcomers are taken up to the ceiling first, for one of them may be that
   * show's encoder, who is better off here; and not at all once this task drains, for what it passes on keeps it.
   * @param arriving connections that have not asked to begin a show yet, or are doing so
   */
  passesOn(arriving: number): boolean {
    if (!this.#isOpen) return false;
    const { shows, roomPoints } = this;
    // Who is between the door and their session is among the shows already.
    const coming = Math.max(0, arriving - this.#places.size) * typicalPoints;
    const usedPoints = shows.reduce((sum, { points }) => sum + points, coming);
    const load = { usedPoints, roomPoints, cpu: this.#measured()?.cpu ?? 0 };
    if (isFull(this.#limits, load, this.full)) return true;
    // A host that is too small for one typical show takes one all the same.
    const hasRoom = usedPoints === 0 || usedPoints + typicalPoints <= roomPoints;
    return !hasRoom && shows.every(({ state }) => state !== 'interrupted');
  }

  open(): void {
    if (this.#accepting) return;
    this.#accepting = true;
    this.#epoch += 1;
  }

  /** A heartbeat that said `accepting: true` at this epoch was stored. */
  confirm(epoch: number): void {
    if (this.#accepting && epoch === this.#epoch) this.#isOpen = true;
  }

  close(): void {
    this.#accepting = false;
    this.#isOpen = false;
  }

  /** Decides at once, so that nothing can come between the answer and its being counted. */
  enter({ own, newId, at }: Visit): Entry {
    // Full is for newcomers: a broadcast that comes back has its room already.
    if (!this.#isOpen && own === undefined) return { kind: 'refused', why: 'draining' };
    if (own === undefined && this.full) return { kind: 'refused', why: 'full' };
    // Its own that turns out to be past its grace window may begin anew while the door is open: it stays
    // counted under the id that everybody knows until the new one is held.
    const place: Place = {
      show: own ?? { broadcastId: newId, state: 'live', points: typicalPoints, startedAt: at, session: 1 },
    };
    this.#places.add(place);
    return {
      kind: 'admitted',
      only: this.#isOpen ? undefined : own?.broadcastId,
      leave: () => void this.#places.delete(place),
    };
  }
}
