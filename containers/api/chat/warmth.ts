import { keyedLength, keyedWithinMs, type Place, type PostBus } from '../../../core/chat/bus.ts';
import { firstIdAt, idTimeMs, type KeyedMessages } from '../../../core/chat/message.ts';
import { keptLength } from '../../../core/chat/protocol.ts';
import { platformScope } from '../../../core/chat/store.ts';
import type { ChatParts } from './parts.ts';

/** A Redis that is lost again while the store is read; then the post is refused, and tried again by its author. */
const maxAttempts = 3;

/** Tells a Redis that knows nothing of a broadcast what it has to know, once for all who wait for it. */
export class Warmth {
  readonly #parts: Pick<ChatParts, 'store' | 'messages'>;
  readonly #flights = new Map<string, Promise<void>>();

  constructor(parts: Pick<ChatParts, 'store' | 'messages'>) {
    this.#parts = parts;
  }

  warm(shard: string, bus: PostBus, place: Place): Promise<void> {
    // A broadcast that was moved just now is another flight.
    const key = `${shard}/${place.broadcastId}`;
    const flight = this.#flights.get(key) ?? this.#read(bus, place).finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }

  async #read(bus: PostBus, place: Place): Promise<void> {
    const { store } = this.#parts;
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const epoch = await bus.epoch(place.broadcastId);
      const [limits, settings, platform, bans, platformBans, newest] = await Promise.all([
        store.limits(),
        store.settings(place.channelId),
        store.platform(),
        store.bans(place.channelId),
        store.bans(platformScope),
        this.#newest(place.broadcastId),
      ]);
      // First: one that was away too shortly for the upkeep to notice has forgotten them as well.
      await bus.setLimits(limits);
      const { messages: kept, keys } = newest;
      const state = { ...place, settings, platform, bans, platformBans, kept, keys, epoch };
      if ((await bus.warm(state)) === 'warm') return;
    }
  }

  /** What Redis keeps; where more than that was said in the last minute, with the keys of that minute. */
  async #newest(broadcastId: string): Promise<KeyedMessages> {
    const { messages } = this.#parts;
    const newest = await messages.readKeyed(broadcastId, { newest: keptLength });
    const [first, last] = [newest.messages[0], newest.messages.at(-1)];
    if (first === undefined || last === undefined || newest.messages.length < keptLength) return newest;
    // By the last message, not by the clock: it may be that nobody could say anything since.
    const from = firstIdAt(idTimeMs(last.id) - keyedWithinMs);
    if (first.id <= from) return newest;
    const range = { from, to: first.id, newest: keyedLength - keptLength };
    const { keys } = await messages.readKeyed(broadcastId, range);
    return { messages: newest.messages, keys: new Map([...keys, ...newest.keys]) };
  }
}
