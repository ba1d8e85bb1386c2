/** The live chat of a broadcast: lines, own posts, and how one stands. Binds the pure rooms to socket and API. */
import { batch, computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { ChatView } from '../../../core/api/chat.ts';
import type { ChatAuthor, ChatMessage } from '../../../core/chat/message.ts';
import { isStaff, messageId } from '../../../core/chat/message.ts';
import { defaultSettings, modeOf, type ChatMode } from '../../../core/chat/mode.ts';
import type { Control, Sampled } from '../../../core/chat/protocol.ts';
import { Refused, Unreachable, wordsOf } from '../../api/ask.ts';
import type { ChatApi } from '../../api/chat.ts';
import type { Standing } from './composer-state.ts';
import {
  createConnection,
  type ChatStatus,
  type Connection,
  type ConnectionDependencies,
} from './connection.ts';
import * as keep from './keepsake.ts';
import {
  heldTo,
  maxLines,
  noLines,
  withHistory,
  withMessages,
  withoutMessages,
  withoutPerson,
  type Lines,
} from './lines.ts';
import { answered, failed, seen, without, withUnsent, type Outbox } from './outbox.ts';

export interface ChatDependencies {
  readonly broadcastId: string;
  readonly api: Pick<ChatApi, 'view' | 'post'>;
  readonly open: ConnectionDependencies['open'];
  readonly token: () => string | undefined;
  /** The server's time. */
  readonly clock: { now(): number };
  readonly stopwatch: { now(): number };
  readonly random: () => number;
  readonly newKey: () => string;
  /** Calls back before the next frame, or after a while where nothing is drawn. */
  readonly soon: (run: () => void) => void;
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
}

export interface Chat {
  readonly broadcastId: string;
  readonly status: ReadonlySignal<ChatStatus>;
  readonly lines: ReadonlySignal<Lines>;
  readonly outbox: ReadonlySignal<Outbox>;
  readonly mode: ReadonlySignal<ChatMode>;
  readonly you: ReadonlySignal<ChatAuthor | undefined>;
  readonly standing: ReadonlySignal<Standing>;
  readonly waitUntil: ReadonlySignal<number | undefined>;
  readonly sampled: ReadonlySignal<Sampled | undefined>;
  readonly viewers: ReadonlySignal<number | undefined>;
  readonly view: ReadonlySignal<ChatView | undefined>;
  readonly followedSince: Signal<number | undefined>;
  readonly draft: Signal<string>;
  readonly signedIn: boolean;
  readonly connection: Pick<Connection, 'setPath' | 'setOnline' | 'hurry' | 'end'>;
  /** Asks what only the API knows; once for those who are signed in, and for whoever needs the replay. */
  readonly loadView: () => Promise<void>;
  readonly send: (text: string) => void;
  readonly again: (key: string) => void;
  /** Puts the text back to where it was written. */
  readonly edit: (key: string) => void;
  readonly discard: (key: string) => void;
  readonly hold: (id: string | undefined) => void;
  /** At once on this screen; the others hear it from the server. */
  readonly hide: (ids: readonly string[]) => void;
  /** The same for all that somebody has said. */
  readonly hideAllOf: (personId: string) => void;
  readonly hearNew: (heard: (messages: readonly ChatMessage[]) => void) => () => void;
  readonly destroy: () => void;
}

/** A batch from which nothing was left out for so long: everything is shown again. */
const sampledForMs = 3_000;

export function createChat(dependencies: ChatDependencies): Chat {
  const { broadcastId, api, clock, storage } = dependencies;
  const kept = keep.readKeepsake(storage, broadcastId);
  const lines = signal<Lines>(noLines);
  const outbox = signal<Outbox>(kept.unsent);
  const draft = signal(kept.draft);
  const mode = signal<ChatMode>(modeOf(defaultSettings));
  const you = signal<ChatAuthor | undefined>(undefined);
  const standing = signal<Standing>({ state: 'free' });
  const waitUntil = signal<number | undefined>(undefined);
  const sampled = signal<Sampled | undefined>(undefined);
  const viewers = signal<number | undefined>(undefined);
  const view = signal<ChatView | undefined>(undefined);
  const followedSince = signal<number | undefined>(undefined);
  const listeners = new Set<(messages: readonly ChatMessage[]) => void>();
  const signedIn = dependencies.token() !== undefined;
  let lastHeard: string | undefined;
  let queue: ChatMessage[] = [];
  let isPlanned = false;
  let sampledTimer: ReturnType<typeof setTimeout> | undefined;
  let destroyed = false;

  const keepText = draft.subscribe(() => save());
  function save(): void {
    keep.writeKeepsake(storage, broadcastId, { draft: draft.peek(), unsent: outbox.peek() });
  }
  function setOutbox(next: Outbox): void {
    if (next === outbox.peek()) return;
    outbox.value = next;
    save();
  }

  /** However many batches come between two frames, the page is drawn once. */
  function flush(): void {
    isPlanned = false;
    const messages = queue;
    queue = [];
    if (messages.length === 0 || destroyed) return;
    batch(() => {
      lines.value = withMessages(lines.value, messages);
      takeOwn(messages);
    });
    for (const listener of listeners) listener(messages);
  }

  function takeOwn(messages: readonly ChatMessage[]): void {
    const me = you.value?.id;
    if (me === undefined || outbox.value.length === 0) return;
    setOutbox(messages.filter(({ by }) => by.id === me).reduce(seen, outbox.value));
  }

  function remember(messages: readonly ChatMessage[]): void {
    for (const { id } of messages) if (lastHeard === undefined || id > lastHeard) lastHeard = id;
  }

  const connection = createConnection({
    ...dependencies,
    lastHeard: () => lastHeard,
    hear: {
      joined: (joined) =>
        batch(() => {
          mode.value = joined.mode;
          viewers.value = joined.viewers;
          you.value = joined.you;
          // A ban is said again to those whom it still concerns.
          standing.value = { state: 'free' };
        }),
      history(history) {
        flush();
        remember(history.messages);
        batch(() => {
          lines.value = withHistory(lines.value, history);
          takeOwn(history.messages);
        });
      },
      chats(messages, left) {
        remember(messages);
        queue.push(...messages);
        if (left !== undefined && left.left > 0) {
          sampled.value = left;
          clearTimeout(sampledTimer);
          sampledTimer = setTimeout(() => (sampled.value = undefined), sampledForMs);
        }
        if (queue.length > maxLines) flush();
        else if (!isPlanned) {
          isPlanned = true;
          dependencies.soon(flush);
        }
      },
      control: take,
    },
  });

  function take(control: Control): void {
    flush();
    switch (control.type) {
      case 'delete':
        lines.value = withoutMessages(lines.value, control.ids);
        return;
      case 'purge':
        lines.value = withoutPerson(lines.value, control.person, control.until);
        return;
      case 'mode':
        mode.value = control.mode;
        // The wait was slow mode's, and it is over for all.
        if (control.mode.slowS === 0) waitUntil.value = undefined;
        return;
      case 'standing': {
        const { state, until } = control;
        standing.value = until === undefined ? { state } : { state, until };
        return;
      }
      case 'viewers':
        viewers.value = control.count;
        return;
      default:
        // What newer servers say beyond this is not for this page.
        return;
    }
  }

  async function post(key: string, text: string): Promise<void> {
    try {
      const { id, at } = await api.post(broadcastId, text, key);
      const by = you.value;
      batch(() => {
        setOutbox(answered(outbox.value, key, id));
        if (by === undefined) return;
        lines.value = withMessages(lines.value, [{ id, at, text, by }]);
        if (mode.value.slowS > 0 && !isStaff(by.role))
          waitUntil.value = clock.now() + mode.value.slowS * 1_000;
      });
    } catch (error) {
      const refusal = error instanceof Refused ? error.chat : undefined;
      const trouble =
        error instanceof Unreachable
          ? (error.said ?? 'No answer: it may not have been sent.')
          : wordsOf(error);
      batch(() => {
        setOutbox(
          failed(
            outbox.value,
            key,
            refusal === undefined ? { trouble } : { trouble, reason: refusal.reason },
          ),
        );
        if (refusal !== undefined) learn(refusal.reason, refusal.retryAfterMs);
      });
    }
  }

  /** A refusal says what this page did not know yet. */
  function learn(reason: string, retryAfterMs: number | undefined): void {
    const until = retryAfterMs === undefined ? undefined : clock.now() + retryAfterMs;
    if (reason === 'banned' || reason === 'timeout')
      standing.value = { state: reason, ...(until === undefined ? {} : { until }) };
    else if (reason === 'chat-off') mode.value = { ...mode.value, off: true };
    else if (reason === 'ended') connection.end();
    else if (reason === 'followers-only') void loadView();
    else if (until !== undefined) waitUntil.value = until;
  }

  async function loadView(): Promise<void> {
    try {
      const next = await api.view(broadcastId);
      if (destroyed) return;
      batch(() => {
        view.value = next;
        followedSince.value = next.followedSince;
        // Beside a recording there is no socket that says it.
        you.value ??= next.you;
        if (connection.status.value.at === 'resting') mode.value = next.mode;
      });
      connection.setPath(next.path);
    } catch {
      // The socket says most of it as well; whoever needs the rest asks again.
    }
  }

  const send = (key: string, text: string): void => {
    setOutbox(withUnsent(outbox.value, { key, text, atMs: clock.now() }));
    void post(key, text);
  };

  return {
    broadcastId,
    status: computed(() => connection.status.value),
    lines,
    outbox,
    mode,
    you,
    standing,
    waitUntil,
    sampled,
    viewers,
    view,
    followedSince,
    draft,
    signedIn,
    connection,
    loadView,
    send: (text) => send(dependencies.newKey(), text),
    again(key) {
      const unsent = outbox.value.find((each) => each.key === key);
      if (unsent !== undefined && unsent.state === 'failed') send(key, unsent.text);
    },
    edit(key) {
      const unsent = outbox.value.find((each) => each.key === key);
      if (unsent?.state !== 'failed') return;
      batch(() => {
        draft.value = draft.value.trim() === '' ? unsent.text : `${unsent.text} ${draft.value}`;
        setOutbox(without(outbox.value, key));
      });
    },
    discard: (key) => setOutbox(without(outbox.value, key)),
    hold: (id) => (lines.value = heldTo(lines.value, id)),
    hide: (ids) => (lines.value = withoutMessages(lines.value, ids)),
    hideAllOf: (personId) =>
      (lines.value = withoutPerson(lines.value, personId, messageId(Math.floor(clock.now() * 1_000)))),
    hearNew(heard) {
      listeners.add(heard);
      return () => listeners.delete(heard);
    },
    destroy() {
      destroyed = true;
      keepText();
      clearTimeout(sampledTimer);
      connection.destroy();
    },
  };
}
