/** A viewer with a stock socket.io-client, who comes back by themselves and looks closely at what they are shown. */
import { io, type Socket } from 'socket.io-client';
import type { ChatMessage } from '../../../core/chat/message.ts';
import type {
  ClientEvents,
  Control,
  History,
  Joined,
  JoinRequest,
  ServerEvents,
} from '../../../core/chat/protocol.ts';

export interface HeardControl {
  readonly control: Control;
  /** performance.now() */
  readonly atMs: number;
}

export interface ChatViewerOptions {
  readonly url: string;
  readonly path: string;
  readonly broadcastId: string;
  readonly transport: 'websocket' | 'polling';
  readonly token?: string;
}

/** As a page's, shorter: tests wait for them. */
const backWithinMs = 500;

export class ChatViewer {
  readonly #options: ChatViewerOptions;
  #socket: Socket<ServerEvents, ClientEvents> | undefined;
  #path: string;
  readonly #messages: ChatMessage[] = [];
  readonly #removed = new Set<string>();
  readonly #controls: HeardControl[] = [];
  readonly #faults: string[] = [];
  readonly #joins: Joined[] = [];
  #viewers = 0;
  #move: NodeJS.Timeout | undefined;

  constructor(options: ChatViewerOptions) {
    this.#options = options;
    this.#path = options.path;
    this.#connect();
  }

  /** What is on the screen, in the order in which it came. */
  get shown(): readonly ChatMessage[] {
    return this.#messages.filter(({ id }) => !this.#removed.has(id));
  }

  get controls(): readonly HeardControl[] {
    return this.#controls;
  }

  /** Doubles, messages out of order, holes. */
  get faults(): readonly string[] {
    return this.#faults;
  }

  get joins(): readonly Joined[] {
    return this.#joins;
  }

  get viewers(): number {
    return this.#viewers;
  }

  get path(): string {
    return this.#path;
  }

  get isConnected(): boolean {
    return this.#socket?.connected ?? false;
  }

  close(): void {
    clearTimeout(this.#move);
    this.#socket?.disconnect();
  }

  #connect(): void {
    const { url, transport, broadcastId, token } = this.#options;
    const request = (): JoinRequest => {
      const after = this.#messages.at(-1)?.id;
      return {
        broadcast: broadcastId,
        ...(token === undefined ? {} : { token }),
        ...(after === undefined ? {} : { after }),
      };
    };
    const socket: Socket<ServerEvents, ClientEvents> = io(url, {
      path: this.#path,
      transports: [transport],
      // Long polling needs the load balancer's cookie.
      withCredentials: true,
      forceNew: true,
      reconnectionDelay: backWithinMs / 2,
      reconnectionDelayMax: backWithinMs,
      auth: (give) => give({ ...request() }),
    });
    this.#socket = socket;
    socket.on('joined', (joined) => {
      this.#joins.push(joined);
      this.#viewers = joined.viewers;
    });
    socket.on('history', (history) => this.#hearHistory(history));
    socket.on('chats', (messages) => this.#hear(messages, 'chats'));
    socket.on('control', (control) => this.#obey(control));
    socket.on('connect_error', (error) => {
      // A refusal by a middleware is final for a stock client: it is asked to try again.
      if (!socket.active) setTimeout(() => socket.connect(), backWithinMs);
      const { data } = error as { data?: { code?: string; path?: string } };
      if (data?.code === 'moved' && data.path !== undefined) this.#goTo(data.path, 0);
    });
  }

  #hearHistory({ messages, from }: History): void {
    if (this.#joins.length > 1 && from === 'middle') this.#faults.push(`a hole before ${messages[0]?.id}`);
    this.#hear(messages, 'history');
  }

  #hear(messages: readonly ChatMessage[], where: string): void {
    for (const message of messages) {
      const last = this.#messages.at(-1)?.id ?? '';
      if (message.id === last) this.#faults.push(`${message.id} twice (${where})`);
      else if (message.id < last) this.#faults.push(`${message.id} after ${last} (${where})`);
      else this.#messages.push(message);
    }
  }

  #obey(control: Control): void {
    this.#controls.push({ control, atMs: performance.now() });
    if (control.type === 'viewers') this.#viewers = control.count;
    else if (control.type === 'delete') for (const id of control.ids) this.#removed.add(id);
    else if (control.type === 'purge')
      for (const { id, by } of this.#messages) {
        if (by.id === control.person && id <= control.until) this.#removed.add(id);
      }
    else if (control.type === 'moved') this.#goTo(control.path, control.afterMs);
  }

  #goTo(path: string, afterMs: number): void {
    if (path === this.#path) return;
    this.#path = path;
    this.#move = setTimeout(() => {
      this.#socket?.disconnect();
      this.#connect();
    }, afterMs);
  }
}
