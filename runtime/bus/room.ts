import type { FanIn, Listener, Removal } from '../../core/chat/bus.ts';
import type { ChatMessage } from '../../core/chat/message.ts';
import { modeOf, type ChatMode, type ChatSettings } from '../../core/chat/mode.ts';
import type { Heard } from './wire.ts';

/** What Redis knows of a broadcast at one moment. */
export interface Snapshot {
  /** Id of what was published last, '' when nothing was. */
  readonly published: string;
  /** What is kept is whole after this id; '' when it has everything that was said. */
  readonly from: string;
  readonly stamp: string;
  readonly settings: ChatSettings;
  /** Kept ones after the id that was asked from, in order. */
  readonly kept: readonly ChatMessage[];
  /** Controls after the stamp that was asked from. */
  readonly controls: readonly Heard[];
}

export interface RoomSource {
  /** Settles the broadcast from the store where Redis does not know it. */
  snapshot(after: string, stamp: string): Promise<Snapshot>;
}

/**
 * A broadcast as one task hears it. In step, each publication names the one before: what does not follow is a hole.
 * Out of step nothing that is heard is passed on: Redis is asked for all after the last id instead, so that
 * nothing has to be kept here meanwhile. Reply and publications come over one connection in the order in which
 * Redis made them, so only what was heard and is newer than the reply makes it ask once more.
 */
export class Room {
  readonly #source: RoomSource;
  readonly #listener: Listener;
  #last = '';
  #stamp = '';
  #mode = '';
  #inStep = false;
  /** Newest that was heard out of step. */
  #heard = { id: '', stamp: '' };

  constructor(source: RoomSource, listener: Listener) {
    this.#source = source;
    this.#listener = listener;
  }

  get inStep(): boolean {
    return this.#inStep;
  }

  /** The connection is lost, or another one. */
  loseStep(): void {
    this.#inStep = false;
  }

  /** The first time: the answer has what is kept, the listener hears what comes after it. */
  async begin(): ReturnType<FanIn['subscribe']> {
    const first = await this.#source.snapshot('', beforeAll);
    this.#last = first.published;
    this.#stamp = first.stamp === '' ? '0' : first.stamp;
    this.#mode = modeKey(first.settings);
    this.#inStep = !this.#isBehind();
    return {
      kept: first.kept,
      whole: first.from === '',
      settings: first.settings,
      removals: first.controls.flatMap(removalIn),
    };
  }

  /** @returns whether it is (still) in step */
  hear(heard: Heard): boolean {
    if (!this.#inStep) {
      this.#note(heard);
      return false;
    }
    if ('messages' in heard) {
      if (heard.prev > this.#last) {
        this.#inStep = false;
        this.#note(heard);
        return false;
      }
      this.#pass(heard.messages);
    } else if (heard.stamp === undefined || heard.stamp > this.#stamp) this.#passControl(heard);
    return true;
  }

  /** Fills what is missing. @throws what the source throws: then it is still out of step */
  async catchUp(): Promise<void> {
    this.#inStep = false;
    for (;;) {
      // Each step goes on from the one before.
      const now = await this.#source.snapshot(this.#last, this.#stamp);
      // What no page would keep is not fetched: half an hour of a fast chat is hundreds of thousands.
      if (this.#last >= now.from) this.#pass(now.kept);
      else this.#listener.messages(now.kept, 'after-hole');
      if (now.published > this.#last) this.#last = now.published;
      for (const control of now.controls)
        if ('control' in control && (control.stamp ?? '') > this.#stamp) this.#passControl(control);
      this.#passMode(now.settings);
      if (!this.#isBehind()) break;
    }
    this.#inStep = true;
  }

  #note(heard: Heard): void {
    if ('messages' in heard) {
      const newest = heard.messages.at(-1)?.id ?? '';
      if (newest > this.#heard.id) this.#heard.id = newest;
    } else if (heard.stamp === undefined) this.#listener.control(heard.control, heard.person);
    else if (heard.stamp > this.#heard.stamp) this.#heard.stamp = heard.stamp;
  }

  #isBehind(): boolean {
    const { id, stamp } = this.#heard;
    this.#heard = { id: '', stamp: '' };
    return id > this.#last || stamp > this.#stamp;
  }

  #pass(messages: readonly ChatMessage[]): void {
    const fresh = messages.filter(({ id }) => id > this.#last);
    const newest = fresh.at(-1);
    if (newest === undefined) return;
    this.#last = newest.id;
    this.#listener.messages(fresh);
  }

  #passControl(heard: Heard): void {
    if (!('control' in heard)) return;
    if (heard.stamp !== undefined) this.#stamp = heard.stamp;
    if (heard.control.type === 'mode') this.#mode = modeKey(heard.control.mode);
    this.#listener.control(heard.control, heard.person);
  }

  /** Said while Redis was empty, or forgot it. */
  #passMode(settings: ChatSettings): void {
    if (modeKey(settings) === this.#mode) return;
    this.#mode = modeKey(settings);
    this.#listener.control({ type: 'mode', mode: modeOf(settings) }, undefined);
  }
}

/** A stamp before every other. */
const beforeAll = '0';

function removalIn(heard: Heard): readonly Removal[] {
  if (!('control' in heard) || heard.stamp === undefined) return [];
  const { control, stamp: at } = heard;
  return control.type === 'delete' || control.type === 'purge' ? [{ at, control }] : [];
}

const modeKey = (mode: ChatMode): string => `${mode.slowS} ${mode.off} ${mode.followersMin ?? '-'}`;
