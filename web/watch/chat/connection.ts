/** The socket of a chat: opens it, hears it, and comes back after its end as reconnect.ts says. */
import { signal, type ReadonlySignal } from '@preact/signals';
import type {
  ClientEvents,
  Control,
  History,
  Joined,
  JoinRefusal,
  JoinRequest,
  Sampled,
  ServerEvents,
} from '../../../core/chat/protocol.ts';
import type { ChatMessage } from '../../../core/chat/message.ts';
import type { Socket } from 'socket.io-client';
import { firstAttempt, hurried, nextAttempt, type Ending, type WaitReason } from './reconnect.ts';

export type ChatStatus =
  /** The picture comes first, or no shard serves the broadcast yet. */
  | { readonly at: 'resting' }
  | { readonly at: 'connecting'; readonly again: boolean }
  | { readonly at: 'live' }
  /** Connected, but the chat's own backbone is away: nothing comes and nobody can write. */
  | { readonly at: 'reconnecting' }
  | { readonly at: 'waiting'; readonly why: WaitReason; readonly untilMs: number }
  | { readonly at: 'offline' }
  | { readonly at: 'stopped'; readonly why: 'ended' | 'not-found' | 'bad-request' };

export type ChatSocket = Socket<ServerEvents, ClientEvents>;

export interface OpenOptions {
  readonly path: string;
  readonly transports: readonly ('websocket' | 'polling')[];
  readonly auth: JoinRequest;
}

export interface ConnectionDependencies {
  readonly broadcastId: string;
  /** Loads the library when it is needed first. Connects by itself, but never again. */
  readonly open: (options: OpenOptions) => Promise<ChatSocket>;
  readonly token: () => string | undefined;
  /** Id of the last message that the socket brought. */
  readonly lastHeard: () => string | undefined;
  /** ms; only runs forward. */
  readonly stopwatch: { now(): number };
  readonly random: () => number;
  readonly hear: {
    readonly joined: (joined: Joined) => void;
    readonly history: (history: History) => void;
    readonly chats: (messages: readonly ChatMessage[], sampled: Sampled | undefined) => void;
    readonly control: (control: Control) => void;
  };
}

export interface Connection {
  readonly status: ReadonlySignal<ChatStatus>;
  /** Where the chat is. Only counts as long as there is no connection: a chat that moves says so itself. */
  setPath(path: string | undefined): void;
  setOnline(online: boolean): void;
  /** The page is seen again, or somebody wants it now. */
  hurry(): void;
  end(): void;
  destroy(): void;
}

/** A socket that opens but is not joined within this is as good as lost; longer than a task holds a join back. */
const joinTimeoutMs = 20_000;

export function createConnection(dependencies: ConnectionDependencies): Connection {
  const { stopwatch, random, hear } = dependencies;
  const status = signal<ChatStatus>({ at: 'resting' });
  let attempts = firstAttempt;
  let path: string | undefined;
  let socket: ChatSocket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts attempts: what an older one still says is not heard. */
  let turn = 0;
  let leastAtMs = 0;
  let joinedAtMs: number | undefined;
  let everJoined = false;
  let online = true;
  /** What the server said before it closes. */
  let farewell: Ending | undefined;

  const idle = (): boolean => status.value.at === 'resting' || status.value.at === 'waiting';

  function close(): void {
    turn += 1;
    clearTimeout(timer);
    socket?.disconnect();
    socket = undefined;
    joinedAtMs = undefined;
    farewell = undefined;
  }

  function waitFor(afterMs: number, why: WaitReason): void {
    clearTimeout(timer);
    status.value = { at: 'waiting', why, untilMs: stopwatch.now() + afterMs };
    timer = setTimeout(() => void connect(), afterMs);
  }

  function endedBy(ending: Ending): void {
    close();
    const next = nextAttempt(attempts, ending, random);
    if (next.do === 'stop') {
      status.value = { at: 'stopped', why: next.why };
      return;
    }
    attempts = next.attempts;
    path = next.path ?? path;
    leastAtMs = stopwatch.now() + next.leastMs;
    if (online) waitFor(next.afterMs, next.why);
    else status.value = { at: 'offline' };
  }

  async function connect(): Promise<void> {
    if (path === undefined) {
      status.value = { at: 'resting' };
      return;
    }
    close();
    const mine = turn;
    status.value = { at: 'connecting', again: everJoined };
    const token = attempts.anonymous ? undefined : dependencies.token();
    const after = dependencies.lastHeard();
    let opened: ChatSocket;
    let isOpen = false;
    const lost = (): void => {
      if (mine === turn) endedBy(farewell ?? { kind: 'lost', opened: isOpen, forMs: joinedFor() });
    };
    try {
      opened = await dependencies.open({
        path,
        transports: attempts.polling ? ['polling', 'websocket'] : ['websocket'],
        auth: {
          broadcast: dependencies.broadcastId,
          ...(token === undefined ? {} : { token }),
          ...(after === undefined ? {} : { after }),
        },
      });
    } catch {
      // The library itself could not be loaded: a network that comes and goes.
      return lost();
    }
    if (mine !== turn) return void opened.disconnect();
    socket = opened;
    timer = setTimeout(lost, joinTimeoutMs);
    opened.on('connect', () => (isOpen = true));
    opened.on('connect_error', (error) => {
      if (mine !== turn) return;
      const refusal = refusalIn(error);
      if (refusal === undefined) lost();
      else endedBy({ kind: 'refused', refusal });
    });
    opened.on('disconnect', lost);
    opened.on('joined', (joined) => {
      if (mine !== turn) return;
      clearTimeout(timer);
      joinedAtMs = stopwatch.now();
      everJoined = true;
      status.value = { at: joined.link };
      hear.joined(joined);
    });
    opened.on('history', (history) => mine === turn && hear.history(history));
    opened.on('chats', (messages, sampled) => mine === turn && hear.chats(messages, sampled));
    opened.on('control', (control) => mine === turn && heard(control));
  }

  const joinedFor = (): number => (joinedAtMs === undefined ? 0 : stopwatch.now() - joinedAtMs);

  function heard(control: Control): void {
    switch (control.type) {
      case 'link':
        status.value = { at: control.link };
        return;
      case 'leave':
        // The task closes when it is this one's turn; going at once spares it the work.
        return endedBy({ kind: 'leave', afterMs: control.afterMs });
      case 'moved':
        return endedBy({ kind: 'moved', path: control.path, afterMs: control.afterMs });
      default:
        hear.control(control);
    }
  }

  return {
    status,
    setPath(next) {
      if (next === undefined || path !== undefined) {
        // A chat that failed where it was may have been moved while this page was away.
        if (next !== undefined && idle()) path = next;
        return;
      }
      path = next;
      if (online && status.value.at === 'resting') void connect();
    },
    setOnline(next) {
      if (online === next) return;
      online = next;
      if (!next) {
        if (status.value.at !== 'waiting') return;
        clearTimeout(timer);
        status.value = { at: 'offline' };
      } else if (status.value.at === 'offline') {
        waitFor(hurried(Infinity, leastAtMs - stopwatch.now(), random), 'lost');
      }
    },
    hurry() {
      const now = status.value;
      if (now.at !== 'waiting') return;
      const remainingMs = now.untilMs - stopwatch.now();
      waitFor(hurried(remainingMs, leastAtMs - stopwatch.now(), random), now.why);
    },
    end() {
      close();
      status.value = { at: 'stopped', why: 'ended' };
    },
    destroy: close,
  };
}

function refusalIn(error: Error): JoinRefusal | undefined {
  const data: unknown = 'data' in error ? error.data : undefined;
  return typeof data === 'object' && data !== null && 'code' in data && typeof data.code === 'string'
    ? (data as JoinRefusal)
    : undefined;
}
