import { parseStreamKey } from '../../../core/broadcast/stream-key.ts';
import type { Channel } from '../../../core/broadcast/types.ts';
import { secretMatches } from '../../../runtime/identity/stream-keys.ts';
import type { HeldShow } from '../../../core/fleet/heartbeat.ts';
import { NothingToContinueError } from '../../../runtime/store/tables/sessions.ts';
import type { LiveWindow } from '../live/window.ts';
import type { Publisher, PublishDecision, PublishRequest } from '../rtmp/types.ts';
import { HeldBroadcast } from './held-broadcast.ts';
import type { BroadcastDependencies } from './ports.ts';
import { TakeOvers } from './take-overs.ts';

// One text for a bad form, an unknown channel and a wrong secret: nobody learns which channels exist.
const unauthorised: PublishDecision = {
  accepted: false,
  code: 'NetStream.Publish.Unauthorized',
  description: 'The stream key is not valid. Copy it again from the studio, or renew it there.',
};

const gone: PublishDecision = {
  accepted: false,
  code: 'NetStream.Publish.Denied',
  description: 'The connection closed before the broadcast began.',
};

const stopping: PublishDecision = {
  accepted: false,
  code: 'NetStream.Publish.Denied',
  description: 'This server is stopping. Connect again.',
};

// BadName here and below: the only code whose description OBS writes into its log (tried with OBS 29).
const elsewhere: Readonly<Record<'draining' | 'full', PublishDecision>> = {
  draining: {
    accepted: false,
    code: 'NetStream.Publish.BadName',
    description: 'This server takes no new broadcasts any more. Connect again: another server answers.',
    reason: 'draining',
    elsewhere: true,
  },
  full: {
    accepted: false,
    code: 'NetStream.Publish.BadName',
    description: 'This server has no room for another broadcast. Connect again: another server answers.',
    reason: 'full',
    elsewhere: true,
  },
};

const contested: PublishDecision = {
  accepted: false,
  code: 'NetStream.Publish.BadName',
  description:
    'Two encoders keep taking this stream key from each other. Stop one of them, or renew the key in the studio.',
};

/** All broadcasts that this task holds: the only owner of that list. */
export class Broadcasts {
  readonly #deps: BroadcastDependencies;
  readonly #slot: string;
  readonly #byId = new Map<string, HeldBroadcast>();
  /** The last publish of each channel: two connections with one key are decided one after the other. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #takeOvers = new TakeOvers();
  #stopping = false;

  constructor(deps: BroadcastDependencies, slot: string) {
    this.#deps = deps;
    this.#slot = slot;
  }

  get all(): Iterable<HeldBroadcast> {
    return this.#byId.values();
  }

  /** What counts as live for everything that stops tasks. */
  *shows(): Iterable<HeldShow> {
    for (const held of this.#byId.values()) if (held.show !== undefined) yield held.show;
  }

  /** CPU seconds a second of all ffmpegs. */
  get transcodeCpu(): number {
    let sum = 0;
    // What is not live has no ffmpeg, but may still have the figures of its last one.
    for (const held of this.#byId.values()) if (held.isLive) sum += held.input?.transcodeCpu ?? 0;
    return sum;
  }

  /** What a report says besides the encoder's stream has changed. */
  reportAll(): void {
    for (const held of this.#byId.values()) if (!held.isOver) void held.report();
  }

  holds(broadcastId: string): boolean {
    return this.#byId.has(broadcastId);
  }

  /** The window behind a live URL. A private broadcast is found only under the signed route, and the other way round. */
  find(slot: string, broadcastId: string, isPrivate: boolean): LiveWindow | undefined {
    const held = slot === this.#slot ? this.#byId.get(broadcastId) : undefined;
    return held?.isPrivate === isPrivate ? held.window : undefined;
  }

  async authorise(
    request: PublishRequest,
    publisher: Publisher,
    signal: AbortSignal,
  ): Promise<PublishDecision> {
    if (this.#stopping) return stopping;
    const key = parseStreamKey(request.publishingName);
    if (key === undefined) return unauthorised;
    const channel = await this.#deps.records.channel(key.channelId);
    if (channel === undefined || !secretMatches(key.secret, channel.keyHash)) return unauthorised;
    return this.#inTurn(channel.channelId, () => this.#begin(channel, request, publisher, signal));
  }

  /** Every broadcast becomes interrupted with all of its segments stored; nothing new begins. */
  async shutdown(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#turns.values());
    await Promise.all([...this.#byId.values()].map((held) => held.shutdown()));
  }

  async #begin(
    channel: Channel,
    request: PublishRequest,
    publisher: Publisher,
    signal: AbortSignal,
  ): Promise<PublishDecision> {
    const before = [...this.#byId.values()].filter((held) => held.channelId === channel.channelId);
    const now = this.#deps.clock.now();
    this.#takeOvers.sweep(now);
    const takesOver = before.some((held) => held.session !== undefined);
    if (takesOver && !this.#takeOvers.allow(channel.channelId, now)) return contested;
    await Promise.all(before.map((held) => held.yieldToNewSession()));
    try {
      if (signal.aborted) return gone;
      if (this.#stopping) return stopping;
      // What was ended on purpose must not be gone on with because the table was away at that moment.
      await Promise.all(before.map((held) => held.confirmEnd()));
      return await this.#openSession(channel, before, publisher, request);
    } finally {
      await Promise.all(before.map((held) => held.keepWaiting()));
    }
  }

  async #openSession(
    channel: Channel,
    before: readonly HeldBroadcast[],
    publisher: Publisher,
    request: PublishRequest,
  ): Promise<PublishDecision> {
    const { clock, door, onShowsChanged, records } = this.#deps;
    const opening = { newId: records.newId(), at: clock.now() };
    const own = before.find((held) => !held.isOver)?.show;
    const entry = door.enter({ ...opening, own });
    if (entry.kind === 'refused') return elsewhere[entry.why];
    try {
      const { broadcast, resumed } = await records.openSession(channel, { ...opening, only: entry.only });
      // One that the table calls past its grace window has been replaced: end it here and now.
      await Promise.all(before.filter((held) => held.id !== broadcast.broadcastId).map((held) => held.end()));
      const known = this.#byId.get(broadcast.broadcastId);
      // Ended here, but the table was not told: it goes on, as another hold of the same broadcast.
      if (known?.isOver === true) await known.abandon();
      const held = known === undefined || known.isOver ? this.#hold(broadcast, !resumed) : known;
      return { accepted: true, sink: held.begin(broadcast, publisher, request.encoder) };
    } catch (error) {
      if (!(error instanceof NothingToContinueError)) throw error;
      // It came back too late by the table's reckoning: there is nothing left to wait for here.
      await Promise.all(before.map((held) => held.end()));
      return elsewhere.draining;
    } finally {
      entry.leave();
      onShowsChanged();
    }
  }

  #hold(broadcast: Parameters<HeldBroadcast['begin']>[0], isNew: boolean): HeldBroadcast {
    const id = broadcast.broadcastId;
    const held = new HeldBroadcast(this.#deps, broadcast, isNew, () => {
      if (this.#byId.get(id) === held) this.#byId.delete(id);
    });
    this.#byId.set(id, held);
    return held;
  }

  async #inTurn<T>(channelId: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(channelId) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => {});
    this.#turns.set(channelId, settled);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(channelId) === settled) this.#turns.delete(channelId);
    }
  }
}
