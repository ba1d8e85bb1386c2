import type { Place, PostBus } from '../../../core/chat/bus.ts';
import { keptLength } from '../../../core/chat/protocol.ts';
import { platformScope } from '../../../core/chat/store.ts';
import type { ChatParts } from './parts.ts';

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
    const { store, messages } = this.#parts;
    const [limits, settings, platform, bans, platformBans, kept] = await Promise.all([
      store.limits(),
      store.settings(place.channelId),
      store.platform(),
      store.bans(place.channelId),
      store.bans(platformScope),
      messages.read(place.broadcastId, { newest: keptLength }),
    ]);
    // First: one that was away too shortly for the upkeep to notice has forgotten them as well.
    await bus.setLimits(limits);
    await bus.warm({ ...place, settings, platform, bans, platformBans, kept });
  }
}
