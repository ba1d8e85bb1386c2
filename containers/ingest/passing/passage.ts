import type { Socket } from 'node:net';
import type { Peer } from '../../../core/fleet/heartbeat.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import { plainAddress } from '../rtmp/connection-table.ts';
import type { Guest, Newcomer } from '../rtmp/types.ts';
import { dial } from './dial.ts';
import { writeProxyLine } from './proxy-line.ts';

/** Every bound of a passed-on connection, in milliseconds and bytes. */
export interface PassageLimits {
  readonly connectMs: number;
  readonly searchMs: number;
  readonly clientSilentMs: number;
  readonly peerSilentMs: number;
  readonly settledBytes: number;
}

export const defaultPassageLimits: PassageLimits = {
  /** Peers are in the same network: a handshake takes a millisecond. */
  connectMs: 1_000,
  /** For all peers together. OBS waits longer for the handshake, people not much. */
  searchMs: 4_000,
  /** The peer ends an encoder that is silent for 10 s; this is for when it does not. */
  clientSilentMs: 60_000,
  /**
   * A peer says something at least every 10 s (pings, deadlines: rtmp/limits.ts) while it lives. Its host can be
   * gone without a word: then the encoder must learn of it while most of the grace window is left.
   */
  peerSilentMs: 20_000,
  /** What a server of ours reads before a publish it accepts (rtmp/limits.ts): who has sent more, and is still there, is on the air. */
  settledBytes: 64 * 1024,
};

/** How the search for a peer ended. */
export type PassOutcome = 'passed' | 'no-peers' | 'no-answer' | 'not-wanted' | 'gone';

export interface PassageOptions {
  readonly newcomer: Newcomer;
  /** Whom to try, one after the other. */
  readonly peers: () => Promise<Iterable<Peer>>;
  /** False as soon as this task is to go: a connection through it would keep it. */
  readonly isWanted: () => boolean;
  readonly limits: PassageLimits;
  readonly clock: { now(): number };
  readonly log: Logger;
  readonly onOutcome: (outcome: PassOutcome) => void;
  /** Once, when both sockets are gone or the newcomer stays here. Before the newcomer's own calls. */
  readonly onOver: (passage: Passage) => void;
}

/**
 * One connection of an encoder that goes through this task to a peer: bytes, in both directions. What the
 * client sends while a peer is looked for waits in its socket, and bounds itself there.
 */
export class Passage implements Guest {
  readonly #options: PassageOptions;
  readonly #client: Socket;
  readonly #over = new AbortController();
  #peer: Socket | undefined;
  #peerId: string | undefined;
  #searching = true;
  #isOver = false;
  #settled = false;
  #heard = { client: 0, clientAt: 0, peer: 0, peerAt: 0 };

  constructor(options: PassageOptions) {
    this.#options = options;
    const { socket } = options.newcomer;
    this.#client = socket;
    // Each side ends when it wants to.
    socket.allowHalfOpen = true;
    socket.on('error', ignore).on('close', this.#clientClosed);
    void this.#search();
  }

  evict(): void {
    this.#options.log.debug(this.#names, 'passed-on connection made room for others');
    this.#end();
  }

  close(): void {
    this.#end();
  }

  tick(now: number): void {
    const { limits, newcomer, log } = this.#options;
    const peer = this.#peer;
    if (peer === undefined) return;
    if (!this.#settled && this.#client.bytesRead > limits.settledBytes) {
      this.#settled = true;
      log.info(this.#names, 'an encoder goes through this task to a peer');
      newcomer.onSettled();
    }
    // Who is not read from, because the peer takes no more just now, is not silent.
    const isHeld = !peer.destroyed && peer.writableNeedDrain;
    if (this.#client.bytesRead !== this.#heard.client || isHeld) {
      this.#heard.client = this.#client.bytesRead;
      this.#heard.clientAt = now;
    }
    if (peer.bytesRead !== this.#heard.peer) {
      this.#heard.peer = peer.bytesRead;
      this.#heard.peerAt = now;
    }
    const silent =
      now - this.#heard.clientAt >= limits.clientSilentMs
        ? 'the client'
        : now - this.#heard.peerAt >= limits.peerSilentMs
          ? 'the peer'
          : undefined;
    if (silent === undefined) return;
    log.warn({ ...this.#names, silent }, 'passed-on connection ended: nothing came for too long');
    this.#end();
  }

  get #names(): object {
    return { remoteAddress: this.#options.newcomer.remoteAddress, peer: this.#peerId };
  }

  /** Never rejects. */
  async #search(): Promise<void> {
    const { newcomer, onOutcome, onOver, log } = this.#options;
    let outcome: PassOutcome;
    try {
      outcome = await this.#find();
    } catch (error) {
      log.error({ ...this.#names, err: error }, 'fault while passing a connection on');
      outcome = 'no-answer';
    }
    this.#searching = false;
    onOutcome(outcome);
    if (outcome === 'passed') return;
    if (this.#over.signal.aborted) {
      this.#closed();
      return;
    }
    this.#isOver = true;
    this.#client.off('error', ignore).off('close', this.#clientClosed);
    onOver(this);
    newcomer.onStay();
  }

  async #find(): Promise<PassOutcome> {
    const { clock, isWanted, limits, log, peers } = this.#options;
    const { signal } = this.#over;
    // Now: of a socket that has closed nobody can tell whose it was.
    const line = lineOf(this.#options.newcomer);
    const begunAt = clock.now();
    let outcome: PassOutcome = 'no-peers';
    const candidates = await peers();
    if (signal.aborted || line === undefined) return 'gone';
    for (const { taskId, relay } of candidates) {
      if (!isWanted()) return 'not-wanted';
      outcome = 'no-answer';
      const leftMs = limits.searchMs - (clock.now() - begunAt);
      if (leftMs <= 0) break;
      // One after the other, each by what became of the one before.
      const socket = await dial(relay, { line, timeoutMs: Math.min(limits.connectMs, leftMs), signal });
      if (signal.aborted) {
        socket?.destroy();
        return 'gone';
      }
      if (socket === undefined || socket.destroyed) {
        log.warn({ ...this.#names, peer: taskId }, 'a peer does not take a newcomer');
        continue;
      }
      this.#peerId = taskId;
      log.debug(this.#names, 'newcomer passed on');
      this.#join(socket);
      return 'passed';
    }
    return outcome;
  }

  #join(peer: Socket): void {
    const now = this.#options.clock.now();
    this.#peer = peer;
    this.#heard = { client: 0, clientAt: now, peer: 0, peerAt: now };
    peer.on('close', this.#peerClosed);
    this.#client.pipe(peer);
    peer.pipe(this.#client);
  }

  /** What the other one is still owed goes out; then it is closed too. */
  readonly #clientClosed = (): void => {
    this.#over.abort();
    if (this.#peer?.destroyed === false) this.#peer.destroySoon();
    this.#closed();
  };

  readonly #peerClosed = (): void => {
    if (!this.#client.destroyed) this.#client.destroySoon();
    this.#closed();
  };

  #end(): void {
    this.#over.abort();
    this.#client.destroy();
    this.#peer?.destroy();
  }

  #closed(): void {
    if (this.#isOver || this.#searching || !this.#client.closed || this.#peer?.closed === false) return;
    this.#isOver = true;
    const { newcomer, onOver, log } = this.#options;
    if (this.#settled) log.info(this.#names, 'a passed-on encoder has ended');
    onOver(this);
    newcomer.onClosed();
  }
}

const ignore = (): void => {};

function lineOf({ socket, remoteAddress }: Newcomer): Buffer | undefined {
  const { localAddress, localPort, remotePort } = socket;
  if (localAddress === undefined || localPort === undefined || remotePort === undefined) return undefined;
  return writeProxyLine({
    // A zone (fe80::1%eth0) means something on this host only.
    client: remoteAddress.replace(/%.*$/, ''),
    clientPort: remotePort,
    server: plainAddress(localAddress).replace(/%.*$/, ''),
    serverPort: localPort,
  });
}
