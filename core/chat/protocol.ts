/**
 * What a chat task and its viewers say to each other over Socket.IO 4, at the path `/chat/<shard>/`. Any client
 * works: all payloads are plain JSON. Posting goes through the HTTP API, never through the socket.
 *
 *   io(origin, { path: '/chat/a/', transports: ['websocket'], auth: { broadcast, token?, after? } })
 *
 * A join is in `auth` (nothing else has to be sent), or in the event `join` within 10 s with an acknowledgement.
 * A refused join in `auth` is a `connect_error` whose `data` is JoinRefusal.
 */
import type { ChatAuthor, ChatMessage } from './message.ts';
import type { Ban, ChatMode } from './mode.ts';

export interface JoinRequest {
  readonly broadcast: string;
  /** Access token; absent: anonymous, who can only read. */
  readonly token?: string;
  /** Id of the last message that this viewer has: what came after it is sent instead of the history. */
  readonly after?: string;
}

export type JoinRefusalCode =
  | 'bad-request'
  | 'bad-token'
  /** No such broadcast, or a private one of somebody else: they look the same. */
  | 'not-found'
  /** It has its chat in another shard: `path` says where. */
  | 'moved'
  | 'busy'
  | 'unavailable';

export interface JoinRefusal {
  readonly code: JoinRefusalCode;
  /** For people. */
  readonly text: string;
  readonly retryAfterMs?: number;
  readonly path?: string;
}

export type JoinAnswer = { readonly ok: true } | ({ readonly ok: false } & JoinRefusal);

/** Whether the task hears its Redis: while it does not, nobody can post and nothing comes. */
export type LinkState = 'live' | 'reconnecting';

export interface Joined {
  readonly broadcast: string;
  /** Absent for anonymous viewers. */
  readonly you?: ChatAuthor;
  readonly mode: ChatMode;
  readonly link: LinkState;
  readonly viewers: number;
}

/** Oldest first. `from`: `start` when nothing older was said, `after` when it continues what the viewer has. */
export interface History {
  readonly messages: readonly ChatMessage[];
  readonly from: 'start' | 'middle' | 'after';
}

/** Beside a batch from which messages were left out. */
export interface Sampled {
  /** Left out of this batch. */
  readonly left: number;
  /** Messages a second that are said now, and that are shown. */
  readonly saidPerS: number;
  readonly shownPerS: number;
}

export type Control =
  | { readonly type: 'delete'; readonly ids: readonly string[] }
  /** All that this person has said until and with this id. */
  | { readonly type: 'purge'; readonly person: string; readonly until: string }
  | { readonly type: 'mode'; readonly mode: ChatMode }
  /** To the person concerned only, also right after their `joined`. `until` absent: for good; `free`: may post again. */
  | { readonly type: 'standing'; readonly state: 'free' | 'timeout' | 'banned'; readonly until?: number }
  | { readonly type: 'viewers'; readonly count: number }
  | { readonly type: 'link'; readonly link: LinkState }
  /** This task is about to close the connection: come back after so long. */
  | { readonly type: 'leave'; readonly afterMs: number }
  /** The broadcast has its chat elsewhere now. */
  | { readonly type: 'moved'; readonly path: string; readonly afterMs: number };

export const standingOf = ({ until }: Pick<Ban, 'until'>): Control =>
  until === undefined ? { type: 'standing', state: 'banned' } : { type: 'standing', state: 'timeout', until };

/** Server to client. `chats` is the batch of a tick; `control` does not wait for the tick. */
export interface ServerEvents {
  joined: (joined: Joined) => void;
  history: (history: History) => void;
  chats: (messages: readonly ChatMessage[], sampled?: Sampled) => void;
  control: (control: Control) => void;
}

export interface ClientEvents {
  join: (request: JoinRequest, answer: (answer: JoinAnswer) => void) => void;
}

/** Messages that a newcomer gets. */
export const historyLength = 50;
/** Messages that a task and its Redis keep of a channel, for those who come back. */
export const keptLength = 500;

export const shardPattern = /^[a-z0-9][a-z0-9-]{0,15}$/;
export const chatPath = (shard: string): string => `/chat/${shard}/`;
