import type { Server as HttpServer } from 'node:http';
import { Server, type Socket } from 'socket.io';
import { messageId, type ChatAuthor, type ChatMessage } from '../../../core/chat/message.ts';
import { defaultSettings, modeOf, type Ban, type ChatSettings } from '../../../core/chat/mode.ts';
import {
  chatPath,
  historyLength,
  type ClientEvents,
  type Control,
  type JoinRefusal,
  type JoinRequest,
  type LinkState,
  type Sampled,
  type ServerEvents,
} from '../../../core/chat/protocol.ts';
import { chunkMs, chunkOf, chunkOfId, emptyIndex, type ChatIndex } from '../../../core/chat/replay.ts';
import type { Refusal } from '../../../core/chat/refusal.ts';
import type { AuditEntry, Moderator } from '../../../core/chat/store.ts';

export const robin: ChatAuthor = { id: 'person-robin', name: 'Robin', role: 'viewer' };
export const author = (name: string, role: ChatAuthor['role'] = 'viewer'): ChatAuthor => ({
  id: `person-${name}`,
  name,
  role,
});

type ChatServer = Server<ClientEvents, ServerEvents>;

/**
 * The chat of the fake platform: a real Socket.IO server that speaks core/chat/protocol.ts, and what the API
 * knows of it. One broadcast; tests change it as they go.
 */
export class FakeChat {
  shard = 'a';
  /** Who has the token of the fake issuer here. */
  you: ChatAuthor = robin;
  settings: ChatSettings = defaultSettings;
  link: LinkState = 'live';
  viewers = 1;
  followedSince: number | undefined;
  /** What the next joins get. */
  refusal: JoinRefusal | undefined;
  /** What the next posts get: status, words, and why. */
  postRefusal: (Refusal & { readonly status: number; readonly detail: string }) | undefined;
  /** Posts are taken and told to all, but the answer comes so much later. */
  answerAfterMs = 0;
  /** Posts are taken, but the connection ends without an answer, so many times. */
  lostAnswers = 0;
  readonly messages: ChatMessage[] = [];
  readonly moderators: Moderator[] = [];
  readonly bans: Ban[] = [];
  readonly audit: AuditEntry[] = [];
  /** Every request to the API as it came. */
  readonly calls: (readonly [call: string, body: unknown])[] = [];
  /** Every join as it came, with how it came. */
  readonly joins: (JoinRequest & {
    readonly transport: string;
    readonly path: string;
    readonly atMs: number;
  })[] = [];
  index: ChatIndex | undefined;
  readonly chunksAsked: number[] = [];
  readonly #posted = new Map<string, ChatMessage>();
  readonly #servers: ChatServer[] = [];
  #lastUs = 0;

  listen(http: HttpServer, shard: string): void {
    const server: ChatServer = new Server(http, {
      path: chatPath(shard),
      serveClient: false,
      // Half a heartbeat must not outlast a test.
      pingInterval: 5_000,
      pingTimeout: 5_000,
      cors: { origin: false },
    });
    server.use((socket, next) => {
      const join = socket.handshake.auth as JoinRequest;
      this.joins.push({
        ...join,
        transport: socket.conn.transport.name,
        path: chatPath(shard),
        atMs: Date.now(),
      });
      const isRefused = this.refusal?.code !== 'bad-token' || join.token !== undefined;
      if (this.refusal === undefined || !isRefused) return next();
      return next(Object.assign(new Error(this.refusal.text), { data: this.refusal }));
    });
    server.on('connection', (socket) => this.#welcome(socket));
    this.#servers.push(server);
  }

  #welcome(socket: Socket<ClientEvents, ServerEvents>): void {
    const { broadcast, token, after } = socket.handshake.auth as JoinRequest;
    socket.emit('joined', {
      broadcast,
      ...(token === undefined ? {} : { you: this.you }),
      mode: modeOf(this.settings),
      link: this.link,
      viewers: this.viewers,
    });
    const known = after !== undefined && this.messages.some(({ id }) => id === after);
    const newest = this.messages.slice(-historyLength);
    if (known) {
      const messages = this.messages.filter(({ id }) => id > after);
      socket.emit('history', { messages, from: 'after' });
    } else {
      const isWhole = newest.length === this.messages.length && this.index === undefined;
      socket.emit('history', { messages: newest, from: isWhole ? 'start' : 'middle' });
    }
  }

  get sockets(): number {
    return this.#servers.reduce((sum, server) => sum + server.sockets.sockets.size, 0);
  }

  #nextUs(atMs: number): number {
    this.#lastUs = Math.max(this.#lastUs + 1, atMs * 1_000);
    return this.#lastUs;
  }

  /** A message that is not told to anybody yet. */
  make(by: ChatAuthor, text: string, at = Date.now()): ChatMessage {
    return { id: messageId(this.#nextUs(at)), at, text, by };
  }

  say(name: string | ChatAuthor, text: string): ChatMessage {
    const message = this.make(typeof name === 'string' ? author(name) : name, text);
    this.tell([message]);
    return message;
  }

  tell(messages: readonly ChatMessage[], sampled?: Sampled): void {
    this.messages.push(...messages);
    for (const server of this.#servers) {
      if (sampled === undefined) server.emit('chats', messages);
      else server.emit('chats', messages, sampled);
    }
  }

  control(control: Control): void {
    for (const server of this.#servers) server.emit('control', control);
  }

  setLink(link: LinkState): void {
    this.link = link;
    this.control({ type: 'link', link });
  }

  /** As a load balancer that loses a node: no good-bye. */
  cut(): void {
    for (const server of this.#servers)
      for (const socket of server.sockets.sockets.values()) socket.conn.close(true);
  }

  remove(ids: readonly string[]): void {
    const kept = this.messages.filter(({ id }) => !ids.includes(id));
    this.messages.splice(0, this.messages.length, ...kept);
    this.control({ type: 'delete', ids });
  }

  change(
    change: Partial<Omit<ChatSettings, 'followersMin'>> & { readonly followersMin?: number | null },
  ): void {
    const { followersMin, ...rest } = change;
    const { followersMin: before, ...settings } = this.settings;
    const next = followersMin === undefined ? before : (followersMin ?? undefined);
    this.settings = {
      ...settings,
      ...rest,
      ...(next === undefined ? {} : { followersMin: next }),
      version: settings.version + 1,
    };
    this.control({ type: 'mode', mode: modeOf(this.settings) });
  }

  /** The same key again is the same message. */
  post(key: string, text: string): ChatMessage {
    const known = this.#posted.get(key);
    if (known !== undefined) return known;
    const message = this.say(this.you, text);
    this.#posted.set(key, message);
    return message;
  }

  /** Everything that was said so far, as an archive: what lies below chat/. */
  archived(file: string): unknown {
    if (this.index === undefined) return undefined;
    if (file === 'index.json') return this.index;
    const n = Number(/^(\d+)\.json$/.exec(file)?.[1] ?? -1);
    this.chunksAsked.push(n);
    const messages = this.messages.filter(({ id }) => chunkOfId(id) === n);
    return messages.length === 0 ? undefined : { n, messages };
  }

  /** Archives what was said before this. */
  seal(toMs: number, complete: boolean): void {
    const sealed = chunkOf(toMs);
    const chunks = new Set(
      this.messages.map(({ id }) => chunkOfId(id)).filter((n) => complete || n < sealed),
    );
    this.index = {
      ...emptyIndex,
      chunks: [...chunks].toSorted((a, b) => a - b),
      sealedToMs: sealed * chunkMs,
      complete,
    };
  }

  async close(): Promise<void> {
    for (const server of this.#servers) {
      server.disconnectSockets(true);
      server.engine.close();
    }
    await Promise.resolve();
  }
}
