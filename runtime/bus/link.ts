import { createClient } from '@redis/client';
import { BusError } from '../../core/chat/bus.ts';

export interface BusAddress {
  /** redis:// or rediss://, without a secret. */
  readonly url: string;
  readonly password?: string;
}

/** An answer takes a fraction of a ms; callers were promised one within a second. */
export const answerWithinMs = 800;
const pingEveryMs = 1_000;
/** A ping without an answer for so long: frozen, or cut off without a word. */
export const silentAfterMs = 2_000;
/** The client's own name lookup, connection, TLS and greeting. */
const connectWithinMs = 1_000;
const backOffMs = 200;

const connect = ({ url, password }: BusAddress) =>
  createClient({
    url,
    ...(password === undefined ? {} : { password }),
    // Push messages and replies share one connection, in the order in which Redis made them.
    RESP: 3,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    // One client is one connection: the link makes the next one, so that nothing is resent behind its back.
    socket: { reconnectStrategy: false, connectTimeout: connectWithinMs },
  });

/** One connection to Redis, from the greeting to its end. */
export type Connection = ReturnType<typeof connect>;

type State =
  | { readonly kind: 'connecting'; readonly attempt: Promise<Connection> }
  | { readonly kind: 'up'; readonly connection: Connection }
  | { readonly kind: 'down'; readonly cause: unknown }
  | { readonly kind: 'closed' };

/** On a replica that was the primary a moment ago, or on one that still reads its data. */
const unfit = /^(READONLY|LOADING|MASTERDOWN)/;

/**
 * Keeps one connection to Redis alive. While there is none, what is asked fails at once; what is under way when
 * it breaks, or is not answered in time, fails as well: it may or may not have happened.
 */
export class Link {
  readonly #address: BusAddress;
  readonly #onUp: (connection: Connection) => void;
  readonly #onDown: () => void;
  #state: State = { kind: 'down', cause: undefined };
  #retry: NodeJS.Timeout | undefined;
  #pinging: NodeJS.Timeout | undefined;
  #lagMs = 0;
  #pingSentAt: number | undefined;

  constructor(options: {
    readonly address: BusAddress;
    /** A new connection: it knows of no subscription of those before. */
    readonly onUp?: (connection: Connection) => void;
    readonly onDown?: () => void;
  }) {
    this.#address = options.address;
    this.#onUp = options.onUp ?? (() => {});
    this.#onDown = options.onDown ?? (() => {});
    this.#connect();
  }

  get isUp(): boolean {
    return this.#state.kind === 'up';
  }

  /** ms that the last ping took, or has been waiting for its answer by now. */
  get lagMs(): number {
    return this.#pingSentAt === undefined
      ? this.#lagMs
      : Math.max(this.#lagMs, performance.now() - this.#pingSentAt);
  }

  /** Waits for a connection that is being made; fails at once when the last try failed. */
  send(args: readonly string[]): Promise<unknown> {
    return this.use((connection) => connection.sendCommand([...args]));
  }

  /** @throws BusError when there is no connection, no answer in time, or Redis answers with an error. */
  use<T>(ask: (connection: Connection) => Promise<T>): Promise<T> {
    const state = this.#state;
    if (state.kind === 'closed') return Promise.reject(new BusError('the bus is closed'));
    if (state.kind === 'down')
      return Promise.reject(new BusError('no connection to Redis', { cause: state.cause }));
    const answer = state.kind === 'up' ? ask(state.connection) : state.attempt.then(ask);
    return withDeadline(answer, answerWithinMs, 'no answer from Redis').catch((error: unknown) => {
      if (error instanceof BusError || isMissingScript(error)) throw error;
      const text = error instanceof Error ? error.message : String(error);
      if (unfit.test(text) && state.kind === 'up') this.drop(state.connection, error);
      throw new BusError(`Redis: ${text}`, { cause: error });
    });
  }

  close(): void {
    const { connection } = this.#leave({ kind: 'closed' });
    connection?.destroy();
  }

  #connect(): void {
    const connection = connect(this.#address);
    // Before the greeting the attempt fails as well.
    connection.on('error', (error: unknown) => this.drop(connection, error));
    const attempt = withDeadline(connection.connect(), connectWithinMs, 'no connection').then(
      () => connection,
    );
    this.#state = { kind: 'connecting', attempt };
    attempt.then(
      () => {
        if (this.#state.kind !== 'connecting' || this.#state.attempt !== attempt) {
          connection.destroy();
          return;
        }
        this.#state = { kind: 'up', connection };
        this.#ping(connection);
        this.#onUp(connection);
      },
      (error: unknown) => {
        connection.destroy();
        if (this.#state.kind === 'connecting' && this.#state.attempt === attempt) this.#lost(error);
      },
    );
  }

  /** This connection is of no use any more. */
  drop(connection: Connection, cause: unknown): void {
    if (this.#state.kind === 'up' && this.#state.connection === connection) this.#lost(cause);
  }

  #lost(cause: unknown): void {
    const { connection } = this.#leave({ kind: 'down', cause });
    connection?.destroy();
    this.#retry = setTimeout(() => this.#connect(), backOffMs);
    if (connection !== undefined) this.#onDown();
  }

  #leave(next: State): { readonly connection: Connection | undefined } {
    const before = this.#state;
    this.#state = next;
    clearTimeout(this.#retry);
    clearTimeout(this.#pinging);
    this.#pingSentAt = undefined;
    return { connection: before.kind === 'up' ? before.connection : undefined };
  }

  #ping(connection: Connection): void {
    const sentAt = performance.now();
    this.#pingSentAt = sentAt;
    this.#pinging = setTimeout(
      () => this.drop(connection, new BusError(`no answer to a ping in ${silentAfterMs} ms`)),
      silentAfterMs,
    );
    connection.sendCommand(['PING']).then(
      () => {
        if (this.#state.kind !== 'up' || this.#state.connection !== connection) return;
        clearTimeout(this.#pinging);
        this.#lagMs = performance.now() - sentAt;
        this.#pingSentAt = undefined;
        this.#pinging = setTimeout(() => this.#ping(connection), Math.max(0, pingEveryMs - this.#lagMs));
      },
      (error: unknown) => this.drop(connection, error),
    );
  }
}

/** Answered by a Redis that was restarted: the script has to be sent whole. */
export const isMissingScript = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('NOSCRIPT');

function withDeadline<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new BusError(`${what} within ${ms} ms`)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
