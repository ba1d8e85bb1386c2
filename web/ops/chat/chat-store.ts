/** What the console knows of the chat: the last view, whether it is still true, and what calls for somebody. */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { ChatOps } from '../../../core/api/chat.ts';
import { chatAlarms, type ChatAlarm } from '../../../core/chat/alarms.ts';
import type { ChatLimits } from '../../../core/chat/limits.ts';
import { Refused, Unreachable, wordsOf } from '../../api/ask.ts';
import { poll, type PollDependencies } from '../polling.ts';
import type { ChatOpsApi } from './chat-api.ts';

const everyMs = 2_000;
/** As the fleet's. */
const maxMs = 30_000;
/** A burst that comes and goes is one alarm: it stays for so long after the last refusal. */
export const limitHeldMs = 10_000;

export interface ChatStore {
  readonly view: ReadonlySignal<ChatOps | undefined>;
  readonly alarms: ReadonlySignal<readonly ChatAlarm[]>;
  /** The view is not renewed, for this reason. */
  readonly trouble: ReadonlySignal<string | undefined>;
  /** When the view was heard, by the own clock. */
  readonly heardAt: ReadonlySignal<number>;
  /** What was done here last, in words. */
  readonly said: ReadonlySignal<string>;
  readonly changeLimits: (changes: Partial<ChatLimits>) => Promise<void>;
  readonly switchOff: (off: boolean) => Promise<void>;
  readonly setShard: (shard: string, word: 'open' | 'close') => Promise<void>;
  readonly move: (shard: string, to: string | undefined) => Promise<void>;
  readonly start: () => () => void;
}

export function createChatStore(options: {
  readonly api: ChatOpsApi;
  readonly clock: { now(): number };
  readonly random: () => number;
  readonly page: PollDependencies['page'];
}): ChatStore {
  const { api, clock, random, page } = options;
  const view = signal<ChatOps | undefined>(undefined);
  const alarms = signal<readonly ChatAlarm[]>([]);
  const trouble = signal<string | undefined>(undefined);
  const heardAt = signal(0);
  const said = signal('');
  let polling: ReturnType<typeof poll> | undefined;
  let limit: { readonly alarm: ChatAlarm; readonly at: number } | undefined;

  const alarmsOf = (seen: ChatOps): readonly ChatAlarm[] => {
    const found = chatAlarms(seen);
    const now = clock.now();
    const alarm = found.find(({ name }) => name === 'chat-limit');
    if (alarm !== undefined) limit = { alarm, at: now };
    return alarm === undefined && limit !== undefined && now - limit.at < limitHeldMs
      ? [...found, limit.alarm]
      : found;
  };

  const work = async (): Promise<void> => {
    try {
      const seen = await api.view();
      view.value = seen;
      heardAt.value = clock.now();
      alarms.value = alarmsOf(seen);
      trouble.value = undefined;
    } catch (error) {
      // Asking again helps nobody: the fleet's part of the page says what does.
      if (!(error instanceof Refused) || (error.status !== 401 && error.status !== 403)) throw error;
      trouble.value = error.message;
      polling?.stop();
    }
  };

  /** What was changed is seen at once, not with the next turn. */
  const done = async (words: string): Promise<void> => {
    said.value = words;
    await polling?.now();
  };

  return {
    view,
    alarms,
    trouble,
    heardAt,
    said,
    changeLimits: async (changes) => {
      await api.changeLimits(changes);
      await done('The limits hold now, everywhere.');
    },
    switchOff: async (off) => {
      await api.switchOff(off);
      await done(off ? 'The chat is off everywhere.' : 'The chat is on again everywhere.');
    },
    setShard: async (shard, word) => {
      await api.setShard(shard, word);
      await done(`Shard ${shard} takes ${word === 'close' ? 'no new broadcasts' : 'new broadcasts again'}.`);
    },
    move: async (shard, to) => {
      const { moved } = await api.move(shard, to);
      const words = moved.length === 1 ? '1 broadcast' : `${moved.length} broadcasts`;
      await done(
        moved.length === 0
          ? `Shard ${shard} had no broadcast that could be moved.`
          : `Moved ${words} from shard ${shard}; their viewers follow by themselves.`,
      );
    },
    start: () => {
      polling = poll({
        work,
        everyMs,
        maxMs,
        random,
        page,
        failed: (error) => {
          trouble.value =
            error instanceof Unreachable && error.said !== undefined ? error.said : wordsOf(error);
        },
      });
      return () => polling?.stop();
    },
  };
}
