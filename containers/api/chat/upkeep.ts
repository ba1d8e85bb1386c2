import { allot } from '../../../core/chat/allot.ts';
import type { PostBus } from '../../../core/chat/bus.ts';
import type { ChatLimits } from '../../../core/chat/limits.ts';
import type { Ban, PlatformChat } from '../../../core/chat/mode.ts';
import { platformScope } from '../../../core/chat/store.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import type { ChatParts } from './parts.ts';
import type { Shards } from './shards.ts';

const shareMs = 1_000;
const readMs = 5_000;
/** A demand that is older is of a shard that does not answer: its share goes to the others. */
const demandFreshMs = 2_500;

interface Rules {
  readonly limits: ChatLimits;
  readonly platform: PlatformChat;
  readonly platformBans: readonly Ban[];
}

interface Demand {
  readonly perS: number;
  readonly refusedPerS: number;
  readonly at: number;
}

/**
 * Keeps every shard at what holds for the whole platform: its limits, its rules, and the shard's share of the
 * posts. Every API task does it, with the same outcome, so none of them has to be there.
 */
export class Upkeep {
  readonly #deps: UpkeepOptions;
  #rules: Rules | undefined;
  readonly #demands = new Map<string, Demand>();
  /** Buses that have not answered yet: they are asked nothing more. */
  readonly #busy = new Set<PostBus>();
  /** What each bus was told last; nothing of one that was away since: it may have come back empty. */
  readonly #told = new WeakMap<PostBus, { readonly limits: string; readonly platform: string }>();
  readonly #timers: readonly NodeJS.Timeout[];
  #reading: Promise<void> | undefined;

  constructor(deps: UpkeepOptions) {
    this.#deps = deps;
    this.#timers = [
      setInterval(() => void this.#beat(), shareMs),
      setInterval(() => void this.#readQuietly(), readMs),
    ];
    void this.#readQuietly();
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** Reads what was changed and says it to all shards that answer, at once. */
  async apply(): Promise<void> {
    await this.#reading;
    // Shards that came a moment ago are everywhere too.
    await Promise.all([this.#read(), this.#deps.shards.refresh()]);
    await Promise.all(
      [...this.#deps.shards.buses.values()].map((bus) => this.#tell(bus).catch(() => undefined)),
    );
    await this.#share();
  }

  /** Posts that a shard was asked for in the last second, and refused; undefined when it does not answer. */
  demandOf(shard: string): Omit<Demand, 'at'> | undefined {
    return this.#fresh().get(shard);
  }

  async #beat(): Promise<void> {
    await Promise.all([...this.#deps.shards.buses].map(([shard, bus]) => this.#visit(shard, bus)));
    await this.#share();
  }

  async #visit(shard: string, bus: PostBus): Promise<void> {
    if (this.#busy.has(bus)) return;
    this.#busy.add(bus);
    try {
      const [perS, refusedPerS] = await Promise.all([bus.platformDemand(), bus.platformRefused()]);
      this.#demands.set(shard, { perS, refusedPerS, at: this.#deps.chat.steady() });
      await this.#tell(bus);
    } catch {
      this.#told.delete(bus);
    } finally {
      this.#busy.delete(bus);
    }
  }

  async #tell(bus: PostBus): Promise<void> {
    if (this.#rules === undefined) return;
    const { limits, platform, platformBans } = this.#rules;
    const now = { limits: JSON.stringify(limits), platform: JSON.stringify([platform, platformBans]) };
    const told = this.#told.get(bus);
    if (told?.limits !== now.limits) await bus.setLimits(limits);
    if (told?.platform !== now.platform) await bus.setPlatform(platform, platformBans);
    this.#told.set(bus, now);
  }

  /** A shard that does not answer gets nothing, and holds up nobody. */
  async #share(): Promise<void> {
    if (this.#rules === undefined) return;
    const { buses } = this.#deps.shards;
    await Promise.all(
      [...allot(this.#rules.limits.platform.perS, this.#asked())].map(async ([shard, perS]) => {
        try {
          await buses.get(shard)?.setPlatformShare(perS);
        } catch {
          this.#demands.delete(shard);
        }
      }),
    );
  }

  #asked(): ReadonlyMap<string, number> {
    return new Map([...this.#fresh()].map(([shard, { perS }]) => [shard, perS]));
  }

  #fresh(): ReadonlyMap<string, Demand> {
    const { chat, shards } = this.#deps;
    const oldest = chat.steady() - demandFreshMs;
    const known = shards.buses;
    for (const [shard, { at }] of this.#demands)
      if (at < oldest || !known.has(shard)) this.#demands.delete(shard);
    return this.#demands;
  }

  async #read(): Promise<void> {
    const { store } = this.#deps.chat;
    const [limits, platform, platformBans] = await Promise.all([
      store.limits(),
      store.platform(),
      store.bans(platformScope),
    ]);
    this.#rules = { limits, platform, platformBans };
  }

  #readQuietly(): Promise<void> {
    this.#reading ??= this.#read()
      // What was read before goes on.
      .catch((error: unknown) => this.#deps.log.warn({ err: error }, 'the chat’s limits can’t be read'))
      .finally(() => (this.#reading = undefined));
    return this.#reading;
  }
}

export interface UpkeepOptions {
  readonly chat: Pick<ChatParts, 'store' | 'steady'>;
  readonly shards: Pick<Shards, 'buses' | 'refresh'>;
  readonly log: Logger;
}
