import { presenceBeatMs, type FanIn } from '../../../core/chat/bus.ts';
import type { Room } from '../room/room.ts';

export interface PresenceOptions {
  readonly fanIn: Pick<FanIn, 'present'>;
  readonly rooms: { readonly all: Iterable<Room>; get(broadcastId: string): Room | undefined };
  readonly failed: (error: unknown) => void;
}

/** Sums are told over this part of a beat, so that a task with many broadcasts does not write to all at once. */
const spreadMs = presenceBeatMs * 0.8;

/** Says every 5 s how many watch each broadcast here, and tells the viewers how many do everywhere. */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #said = new Set<string>();
  readonly #telling = new Set<NodeJS.Timeout>();
  readonly #timer: NodeJS.Timeout;
  #isSaying = false;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#beat(), presenceBeatMs);
  }

  /** Nobody watches here any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    for (const timer of this.#telling) clearTimeout(timer);
    if (this.#said.size === 0) return;
    await this.#say(new Map([...this.#said].map((broadcastId) => [broadcastId, 0])));
  }

  async #beat(): Promise<void> {
    // A Redis that answers slowly is not asked again meanwhile.
    if (this.#isSaying) return;
    this.#isSaying = true;
    const counts = new Map([...this.#said].map((broadcastId) => [broadcastId, 0]));
    for (const { place, size } of this.#options.rooms.all) if (size > 0) counts.set(place.broadcastId, size);
    const sums = counts.size === 0 ? undefined : await this.#say(counts);
    this.#isSaying = false;
    if (sums === undefined) return;
    this.#said.clear();
    for (const [broadcastId, count] of counts) if (count > 0) this.#said.add(broadcastId);
    [...sums].forEach(([broadcastId, count], index) =>
      this.#tell(broadcastId, count, (index / sums.size) * spreadMs),
    );
  }

  async #say(counts: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, number> | undefined> {
    try {
      return await this.#options.fanIn.present(counts);
    } catch (error) {
      this.#options.failed(error);
      return undefined;
    }
  }

  #tell(broadcastId: string, count: number, afterMs: number): void {
    const timer = setTimeout(() => {
      this.#telling.delete(timer);
      this.#options.rooms.get(broadcastId)?.announceViewers(count);
    }, afterMs);
    this.#telling.add(timer);
  }
}
