import type { Listener, Place, Removal } from '../../../core/chat/bus.ts';
import { isStaff, type ChatMessage } from '../../../core/chat/message.ts';
import type { ChatMode } from '../../../core/chat/mode.ts';
import {
  keptLength,
  standingOf,
  type Control,
  type Joined,
  type LinkState,
} from '../../../core/chat/protocol.ts';
import type { Sampler } from '../../../core/chat/sampling.ts';
import { Audience, type DeliveryOptions } from '../delivery/audience.ts';
import { chatsFrame, controlFrame, eventFrame, together, type Frame } from '../delivery/frame.ts';
import type { Viewer } from '../delivery/viewer.ts';
import type { Admitted } from '../join/desk.ts';
import { historyFrame, isPurged, Kept, lineOf, type Line } from './kept.ts';

/** What all rooms of a task have done; metrics read it. */
export class RoomCounts {
  /** Messages heard from Redis. */
  heard = 0;
  /** Batches, each to all viewers of a broadcast. */
  batches = 0;
  /** Messages in batches; `sampled` were left out. */
  shown = 0;
  sampled = 0;
  /** Messages times the viewers that they were sent to. */
  delivered = 0;
  controls = 0;
}

export interface RoomOptions extends DeliveryOptions {
  readonly place: Place;
  readonly sampler: Sampler;
  readonly roomCounts: RoomCounts;
  /** The room has something to say on the next tick. */
  readonly wantsTick: (room: Room) => void;
  /** Somebody may write again. */
  readonly freed: (channelId: string) => void;
}

export interface Heard {
  readonly kept: readonly ChatMessage[];
  readonly whole: boolean;
  readonly removals: readonly Removal[];
  readonly mode: ChatMode;
  readonly link: LinkState;
}

interface Pending extends Line {
  readonly message: ChatMessage;
}

/** One broadcast's chat on this task. */
export class Room implements Listener {
  readonly place: Place;
  /** When the last viewer left, or the first one is awaited; by the clock of who sweeps. */
  emptySinceMs = 0;
  /** Over all tasks, as it was heard last. */
  viewers = 0;
  readonly #options: RoomOptions;
  readonly #audience: Audience;
  readonly #people = new Map<string, Set<Viewer>>();
  /** What those who are here have to know of their own bans: a `joined` says nothing of them. */
  readonly #standings = new Map<string, Frame>();
  /** Who has heard more, from another task, than has been sent here: until which id. */
  readonly #ahead = new Map<Viewer, string>();
  #kept = new Kept([], false, []);
  #pending: Pending[] = [];
  /** More was said than anybody keeps: screens don't know it yet. */
  #isCutOff = false;
  #announcesViewers = false;
  /** Newcomers were told of more than `viewers`: of those who had come here since. */
  #saidMore = false;
  #mode: ChatMode = { slowS: 0, off: false };
  #link: LinkState = 'live';
  /** The same for all anonymous newcomers until something changes. */
  #joined: Frame | undefined;

  constructor(options: RoomOptions) {
    this.#options = options;
    this.place = options.place;
    this.#audience = new Audience(options);
  }

  get size(): number {
    return this.#audience.size + this.#ahead.size;
  }

  /** Of all that has been heard, sent or not. */
  get newestId(): string | undefined {
    const id = this.#pending.at(-1)?.id ?? this.#kept.lastId;
    return id === '' ? undefined : id;
  }

  /** What was kept when it was subscribed to. Messages that were heard before this returns come after them. */
  begin({ kept, whole, removals, mode, link }: Heard): void {
    this.#kept = new Kept(kept, whole, removals);
    this.#pending = this.#pending.filter(({ id }) => id > this.#kept.lastId);
    this.#mode = mode;
    this.#link = link;
    this.#joined = undefined;
  }

  /** @param how with the id of the last message that the viewer has, and whether they are banned. */
  enter(viewer: Viewer, { after, ban }: Pick<Admitted, 'after' | 'ban'>): void {
    const { you } = viewer;
    if (you !== undefined && ban !== undefined) this.#standings.set(you.id, controlFrame(standingOf(ban)));
    if (after !== undefined && after > this.#kept.lastId) this.#ahead.set(viewer, after);
    else this.#audience.add(viewer);
    this.#audience.toOne(viewer, together(...this.#welcome(viewer), this.#newcomersHistory(after)));
    if (you === undefined) return;
    const sockets = this.#people.get(you.id);
    if (sockets === undefined) this.#people.set(you.id, new Set([viewer]));
    else sockets.add(viewer);
  }

  leave(viewer: Viewer): void {
    if (!this.#ahead.delete(viewer)) this.#audience.remove(viewer);
    if (viewer.you === undefined) return;
    const sockets = this.#people.get(viewer.you.id);
    sockets?.delete(viewer);
    if (sockets?.size !== 0) return;
    this.#people.delete(viewer.you.id);
    this.#standings.delete(viewer.you.id);
  }

  messages(messages: readonly ChatMessage[], how?: 'after-hole'): void {
    if (how === 'after-hole') this.#breakOff();
    let lastId = this.#pending.at(-1)?.id ?? this.#kept.lastId;
    for (const message of messages) {
      // The bus says each once and in order; if it ever does not, a screen shall not show it.
      if (message.id <= lastId) continue;
      lastId = message.id;
      this.#options.roomCounts.heard += 1;
      this.#pending.push({ ...lineOf(message), message });
    }
    if (this.#pending.length > 0 || this.#isCutOff) this.#options.wantsTick(this);
  }

  /** Goes out at once. A message that it takes away is not sent afterwards. */
  control(control: Control, personId: string | undefined): void {
    this.#options.roomCounts.controls += 1;
    if (personId !== undefined) {
      const frame = controlFrame(control);
      if (control.type === 'standing') this.#stand(personId, control.state, frame);
      for (const viewer of this.#people.get(personId) ?? []) this.#audience.toOne(viewer, frame);
      return;
    }
    if (control.type === 'delete') {
      const ids = new Set(control.ids);
      this.#forget(control, ({ id }) => ids.has(id));
    } else if (control.type === 'purge') {
      this.#forget(control, (line) => isPurged(line, control.person, control.until));
    } else if (control.type === 'mode') this.#mode = control.mode;
    else if (control.type === 'link') this.#link = control.link;
    else if (control.type === 'viewers') this.viewers = control.count;
    this.#joined = undefined;
    this.#toAll(controlFrame(control));
  }

  /** Said to everybody with the next batch, or alone. */
  announceViewers(count: number): void {
    if (count === this.viewers && !this.#saidMore) return;
    this.#saidMore = false;
    this.viewers = count;
    this.#joined = undefined;
    this.#announcesViewers = true;
    this.#options.wantsTick(this);
  }

  /** Sends what has come in since the last one. */
  tick(): void {
    const pending = this.#pending;
    this.#pending = [];
    const { shown, left } = this.#sample(pending);
    const frames: Frame[] = [];
    if (this.#isCutOff) frames.push(historyFrame(shown, 'middle'));
    else if (shown.length > 0) {
      const sampled = left.length === 0 ? undefined : { left: left.length, ...this.#options.sampler.rates() };
      frames.push(
        chatsFrame(
          shown.map(({ json }) => json),
          sampled,
        ),
      );
    }
    this.#isCutOff = false;
    if (this.#announcesViewers) frames.push(controlFrame({ type: 'viewers', count: this.viewers }));
    this.#announcesViewers = false;
    const [first, ...others] = frames;
    if (first !== undefined) {
      this.#audience.toAll(together(first, ...others));
      this.#count(shown, left);
    }
    for (const line of left) this.#toAuthor(line);
    this.#kept.add(pending);
    if (this.#ahead.size > 0) this.#catchUp(shown);
  }

  /** Those who could not keep up, and have read what they had. */
  tend(): void {
    this.#audience.tend((viewer) =>
      this.#audience.toOne(viewer, together(...this.#welcome(viewer), this.#kept.resync())),
    );
  }

  *[Symbol.iterator](): Iterator<Viewer> {
    yield* this.#audience;
    yield* this.#ahead.keys();
  }

  /** For what each viewer has to be told differently. */
  toOne(viewer: Viewer, control: Frame): void {
    this.#audience.toOne(viewer, control);
  }

  /** What was not sent yet lies before the hole, with all that nobody here will see. */
  #breakOff(): void {
    this.#pending = [];
    this.#kept.breakOff();
    this.#isCutOff = true;
  }

  #sample(pending: readonly Pending[]): {
    readonly shown: readonly Pending[];
    readonly left: readonly Pending[];
  } {
    const { sampler } = this.#options;
    // After a long silence of Redis there may be thousands: nobody reads more than what newcomers are given.
    const tooOld = pending.length - keptLength;
    const shown: Pending[] = [];
    const left: Pending[] = [];
    pending.forEach((line, index) => {
      const isTaken = sampler.take(line.message);
      (isTaken && (index >= tooOld || isStaff(line.message.by.role)) ? shown : left).push(line);
    });
    return { shown, left };
  }

  #stand(personId: string, state: 'free' | 'timeout' | 'banned', frame: Frame): void {
    if (state === 'free') {
      this.#standings.delete(personId);
      this.#options.freed(this.place.channelId);
    } else if (this.#people.has(personId)) this.#standings.set(personId, frame);
  }

  #newcomersHistory(after: string | undefined): Frame {
    return after === undefined ? this.#kept.history() : this.#kept.after(after);
  }

  #welcome(viewer: Viewer): readonly [Frame, ...Frame[]] {
    const standing = viewer.you === undefined ? undefined : this.#standings.get(viewer.you.id);
    const joined = this.#joinedFor(viewer);
    return standing === undefined ? [joined] : [joined, standing];
  }

  #joinedFor({ you }: Viewer): Frame {
    const joined: Joined = {
      broadcast: this.place.broadcastId,
      ...(you === undefined ? {} : { you }),
      mode: this.#mode,
      link: this.#link,
      viewers: Math.max(1, this.viewers, this.size),
    };
    this.#saidMore ||= joined.viewers > this.viewers;
    if (you !== undefined) return eventFrame('joined', JSON.stringify(joined));
    this.#joined ??= eventFrame('joined', JSON.stringify(joined));
    return this.#joined;
  }

  #toAll(frame: Frame): void {
    this.#audience.toAll(frame);
    for (const viewer of this.#ahead.keys()) this.#audience.toOne(viewer, frame);
  }

  #toAuthor(line: Line): void {
    const sockets = this.#people.get(line.person);
    if (sockets === undefined) return;
    const frame = chatsFrame([line.json]);
    for (const viewer of sockets) this.#audience.toOne(viewer, frame);
  }

  #catchUp(shown: readonly Line[]): void {
    const lastId = this.#kept.lastId;
    for (const [viewer, after] of this.#ahead) {
      const missing = shown.filter(({ id }) => id > after);
      if (missing.length > 0) this.#audience.toOne(viewer, chatsFrame(missing.map(({ json }) => json)));
      if (lastId < after) continue;
      this.#ahead.delete(viewer);
      this.#audience.add(viewer);
    }
  }

  #forget(control: Removal['control'], isGone: (line: Line) => boolean): void {
    this.#kept.remove({ at: this.newestId ?? '', control }, isGone);
    this.#pending = this.#pending.filter((line) => !isGone(line));
  }

  #count(shown: readonly Line[], left: readonly Line[]): void {
    const { roomCounts } = this.#options;
    if (shown.length > 0) roomCounts.batches += 1;
    roomCounts.shown += shown.length;
    roomCounts.sampled += left.length;
    roomCounts.delivered += shown.length * this.#audience.size;
  }
}
