import type { FanIn, Place } from '../../../core/chat/bus.ts';
import { defaultLimits } from '../../../core/chat/limits.ts';
import { modeOf } from '../../../core/chat/mode.ts';
import type { LinkState } from '../../../core/chat/protocol.ts';
import { Sampler } from '../../../core/chat/sampling.ts';
import type { DeliveryOptions } from '../delivery/audience.ts';
import { Room, type RoomCounts } from './room.ts';

export interface RoomsOptions extends DeliveryOptions {
  readonly fanIn: Pick<FanIn, 'subscribe' | 'unsubscribe' | 'link' | 'onLink'>;
  readonly roomCounts: RoomCounts;
  readonly now: () => number;
  /** Somebody may write again in this channel. */
  readonly freed: (channelId: string) => void;
  /** A broadcast could not be let go, or not be served in a tick. */
  readonly failed: (error: unknown) => void;
}

/** A viewer who comes back at once finds what they left; and nobody's reload costs Redis anything. */
const emptyForMs = 30_000;

/** The broadcasts with viewers here: heard from the first viewer until half a minute after the last. */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #rooms = new Map<string, Room>();
  readonly #opening = new Map<string, Promise<Room>>();
  readonly #closing = new Map<string, Promise<void>>();
  readonly #wanting = new Set<Room>();
  #shownPerS = defaultLimits.shownPerS;
  readonly #samplers = new Map<Room, Sampler>();

  constructor(options: RoomsOptions) {
    this.#options = options;
    options.fanIn.onLink((link) => this.#linked(link));
  }

  /** Messages of viewers a second that are shown on a channel. */
  get shownPerS(): number {
    return this.#shownPerS;
  }

  set shownPerS(shownPerS: number) {
    this.#shownPerS = shownPerS;
    for (const sampler of this.#samplers.values()) sampler.shownPerS = shownPerS;
  }

  /** @throws BusError when Redis does not answer. */
  async open(place: Place): Promise<Room> {
    const { broadcastId } = place;
    const open = this.#rooms.get(broadcastId);
    if (open !== undefined) {
      // Somebody is on the way in.
      open.emptySinceMs = this.#options.now();
      return open;
    }
    const opening =
      this.#opening.get(broadcastId) ??
      this.#subscribe(place).finally(() => this.#opening.delete(broadcastId));
    this.#opening.set(broadcastId, opening);
    return opening;
  }

  get(broadcastId: string): Room | undefined {
    return this.#rooms.get(broadcastId);
  }

  get all(): IterableIterator<Room> {
    return this.#rooms.values();
  }

  get count(): number {
    return this.#rooms.size;
  }

  /** Sends what the rooms have to say. */
  tick(): void {
    if (this.#wanting.size > 0) {
      const rooms = [...this.#wanting];
      this.#wanting.clear();
      for (const room of rooms) this.#guarded(() => room.tick());
    }
    for (const room of this.#rooms.values()) this.#guarded(() => room.tend());
  }

  /** Lets go of the broadcasts that nobody has come back to. */
  sweep(): void {
    const now = this.#options.now();
    for (const [broadcastId, room] of this.#rooms) {
      if (room.size > 0) room.emptySinceMs = now;
      else if (now - room.emptySinceMs >= emptyForMs) this.#close(broadcastId, room);
    }
  }

  /** The others' batches go out whatever is wrong with one. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.failed(error);
    }
  }

  async #subscribe(place: Place): Promise<Room> {
    const { fanIn, now, ...options } = this.#options;
    const { broadcastId } = place;
    await this.#closing.get(broadcastId);
    const sampler = new Sampler(this.#shownPerS);
    const room = new Room({ ...options, place, sampler, wantsTick: (room) => this.#wanting.add(room) });
    const { settings, ...heard } = await fanIn.subscribe(place, room);
    room.begin({ ...heard, mode: modeOf(settings), link: fanIn.link });
    room.emptySinceMs = now();
    this.#rooms.set(broadcastId, room);
    this.#samplers.set(room, sampler);
    return room;
  }

  #close(broadcastId: string, room: Room): void {
    this.#rooms.delete(broadcastId);
    this.#samplers.delete(room);
    this.#wanting.delete(room);
    const closing = this.#options.fanIn
      .unsubscribe(broadcastId)
      .catch((error: unknown) => this.#options.failed(error))
      .finally(() => this.#closing.delete(broadcastId));
    this.#closing.set(broadcastId, closing);
  }

  #linked(link: LinkState): void {
    for (const room of this.#rooms.values()) room.control({ type: 'link', link }, undefined);
  }
}
