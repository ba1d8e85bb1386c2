import type { PostBus } from '../../../core/chat/bus.ts';
import { weighShards, type ShardLoad } from '../../../core/chat/shards.ts';
import type { ChatTaskLoad, Shard } from '../../../core/chat/store.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import type { ChatParts } from './parts.ts';

const pollMs = 5_000;
/** Somebody asks for a shard that is not known here: it may be new. Asked for at most so often. */
const askAgainMs = 1_000;

/** The shards as they announce themselves, each with its bus. */
export class Shards {
  readonly #deps: ShardsOptions;
  #facts: Awaited<ReturnType<ChatParts['shards']['list']>> = { shards: [], loads: [] };
  readonly #open = new Map<string, { readonly redisUrl: string; readonly bus: PostBus }>();
  #flight: Promise<void> | undefined;
  #askedAt = -Infinity;
  #failing = false;
  #closed = false;
  readonly #timer: NodeJS.Timeout;

  constructor(deps: ShardsOptions) {
    this.#deps = deps;
    void this.refresh();
    this.#timer = setInterval(() => void this.refresh(), pollMs);
  }

  /** Reads the list anew. When that fails, what was known goes on. */
  refresh(): Promise<void> {
    this.#flight ??= this.#read().finally(() => (this.#flight = undefined));
    return this.#flight;
  }

  get all(): readonly ShardLoad[] {
    return weighShards(this.#facts, this.#deps.clock.now());
  }

  /** As tasks reported them, those of tasks that have ended since too. */
  get loads(): readonly ChatTaskLoad[] {
    return this.#facts.loads;
  }

  get buses(): ReadonlyMap<string, PostBus> {
    return new Map([...this.#open].map(([shard, { bus }]) => [shard, bus]));
  }

  /** Undefined: there is no such shard, or no longer. */
  async bus(shard: string): Promise<PostBus | undefined> {
    if (!this.#open.has(shard)) await this.#askAgain();
    return this.#open.get(shard)?.bus;
  }

  /** As they are weighed for a new broadcast: read again when none is known. */
  async serving(): Promise<readonly ShardLoad[]> {
    if (this.all.every(({ load }) => load === Infinity)) await this.#askAgain();
    return this.all;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#flight;
    await Promise.allSettled([...this.#open.values()].map(({ bus }) => bus.close()));
  }

  async #askAgain(): Promise<void> {
    if (this.#flight === undefined && this.#deps.chat.steady() - this.#askedAt < askAgainMs) return;
    this.#askedAt = this.#deps.chat.steady();
    await this.refresh();
  }

  async #read(): Promise<void> {
    const { chat, log } = this.#deps;
    try {
      const facts = await chat.shards.list();
      if (this.#closed) return;
      this.#facts = facts;
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) log.warn({ err: error }, 'the list of chat shards can’t be read');
      this.#failing = true;
      return;
    }
    const listed = new Map(this.#facts.shards.map((shard) => [shard.shard, shard]));
    for (const [name, { redisUrl, bus }] of this.#open)
      if (listed.get(name)?.redisUrl !== redisUrl) {
        this.#open.delete(name);
        bus.close().catch((error: unknown) => log.warn({ err: error, shard: name }, 'could not close a bus'));
      }
    for (const [name, shard] of listed) if (!this.#open.has(name)) this.#connect(name, shard);
  }

  #connect(name: string, shard: Shard): void {
    const { chat, log } = this.#deps;
    try {
      this.#open.set(name, { redisUrl: shard.redisUrl, bus: chat.openBus(shard) });
      log.info({ shard: name }, 'chat shard found');
    } catch (error) {
      // One bad entry must not keep the others from being found.
      log.error({ err: error, shard: name }, 'the bus of a chat shard can’t be opened');
    }
  }
}

export interface ShardsOptions {
  readonly chat: Pick<ChatParts, 'shards' | 'openBus' | 'steady'>;
  readonly clock: { now(): number };
  readonly log: Logger;
}
