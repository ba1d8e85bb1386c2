import type { Frame } from './frame.ts';
import { Lane } from './lane.ts';
import type { Viewer } from './viewer.ts';
import { waitingIn, webSocketOf, wireOf, writeThroughEngine } from './wire.ts';

/** What all audiences of a task have done; metrics read it. */
export class DeliveryCounts {
  /** WebSocket frames and engine packets, by how they went out. */
  plain = 0;
  deflated = 0;
  engine = 0;
  bytes = 0;
  /** Not sent because a viewer had too much unsent. */
  dropped = 0;
  /** Viewers who could not keep up, and were brought up to date later. */
  resynced = 0;
}

export interface DeliveryOptions {
  /** `emit` writes everything through the engine. */
  readonly delivery: 'direct' | 'emit';
  readonly counts: DeliveryCounts;
}

/**
 * Unsent bytes of one viewer above which batches are dropped: the kernel already holds up to 4 MB by then, so
 * whoever gets here reads nothing (notes chat 2.3).
 */
export const slowAboveBytes = 256 * 1024;
/** The same for one whom the engine writes to: packets between two polls, some seconds of ticks. */
const slowAbovePackets = 64;

/**
 * The viewers of a broadcast on this task, and how each is written to:
 *
 *   plain, deflated   the same bytes to all sockets of a lane, past the engine
 *   engine            polling, upgrading, or with packets of the engine's own waiting
 *   slow              nothing, until they have read what they have
 */
export class Audience {
  readonly #options: DeliveryOptions;
  readonly #plain = new Lane();
  readonly #deflated = new Lane();
  readonly #engine = new Set<Viewer>();
  readonly #slow = new Set<Viewer>();

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#plain.size + this.#deflated.size + this.#engine.size + this.#slow.size;
  }

  add(viewer: Viewer): void {
    if (this.#seatOnLane(viewer)) return;
    viewer.seat = 'engine';
    this.#engine.add(viewer);
    if (this.#options.delivery === 'emit') return;
    const { conn } = viewer.socket;
    const tryLane = (): void => {
      const stillWaits = viewer.seat === 'engine';
      if (stillWaits && !this.#moveToLane(viewer)) return;
      conn.off('drain', tryLane);
      conn.off('upgrade', tryLane);
    };
    conn.on('drain', tryLane);
    conn.on('upgrade', tryLane);
  }

  remove(viewer: Viewer): void {
    if (viewer.seat === 'plain') this.#plain.remove(viewer);
    else if (viewer.seat === 'deflated') this.#deflated.remove(viewer);
    else if (viewer.seat === 'engine') this.#engine.delete(viewer);
    else if (viewer.seat === 'slow') this.#slow.delete(viewer);
    viewer.seat = 'none';
  }

  toAll(frame: Frame): void {
    const { counts } = this.#options;
    counts.dropped += this.#slow.size;
    const slow = (viewer: Viewer): void => this.#slowDown(viewer);
    if (this.#plain.size > 0) {
      const written = this.#plain.write(frame.plain, slowAboveBytes, slow);
      counts.plain += written;
      counts.bytes += written * frame.plain.length;
    }
    if (this.#deflated.size > 0) {
      const written = this.#deflated.write(frame.deflated, slowAboveBytes, slow);
      counts.deflated += written;
      counts.bytes += written * frame.deflated.length;
    }
    for (const viewer of this.#engine) {
      const { packets, chars } = waitingIn(viewer.socket.conn);
      if (packets > slowAbovePackets || chars > slowAboveBytes) this.#slowDown(viewer);
      else this.#throughEngine(viewer, frame);
    }
  }

  /** Also to one who is not seated yet. A slow one gets it all with the resync. */
  toOne(viewer: Viewer, frame: Frame): void {
    const { counts } = this.#options;
    if (viewer.seat === 'slow') counts.dropped += 1;
    else if (viewer.seat === 'plain' || viewer.seat === 'deflated') {
      const bytes = frame[viewer.seat];
      (viewer.seat === 'plain' ? this.#plain : this.#deflated).writeOne(viewer, bytes);
      counts[viewer.seat] += 1;
      counts.bytes += bytes.length;
    } else this.#throughEngine(viewer, frame);
  }

  /** Seats those again who have read all that they had. */
  tend(resync: (viewer: Viewer) => void): void {
    for (const viewer of this.#slow) {
      const { conn } = viewer.socket;
      const unsent = webSocketOf(conn)?._socket?.writableLength ?? 0;
      if (unsent > 0 || waitingIn(conn).packets > 0) continue;
      this.#slow.delete(viewer);
      viewer.seat = 'none';
      this.add(viewer);
      this.#options.counts.resynced += 1;
      resync(viewer);
    }
  }

  *[Symbol.iterator](): Iterator<Viewer> {
    yield* this.#plain;
    yield* this.#deflated;
    yield* this.#engine;
    yield* this.#slow;
  }

  #seatOnLane(viewer: Viewer): boolean {
    const wire = this.#options.delivery === 'direct' ? wireOf(viewer.socket.conn) : undefined;
    if (wire === undefined) return false;
    viewer.seat = wire.takesDeflated ? 'deflated' : 'plain';
    (wire.takesDeflated ? this.#deflated : this.#plain).add(viewer, wire);
    return true;
  }

  #moveToLane(viewer: Viewer): boolean {
    if (!this.#seatOnLane(viewer)) return false;
    return this.#engine.delete(viewer);
  }

  #slowDown(viewer: Viewer): void {
    this.remove(viewer);
    viewer.seat = 'slow';
    this.#slow.add(viewer);
    this.#options.counts.dropped += 1;
  }

  #throughEngine(viewer: Viewer, frame: Frame): void {
    const { counts } = this.#options;
    const encoded = frame.packets.length === 1 ? frame.plain : undefined;
    for (const packet of frame.packets) {
      writeThroughEngine(viewer.socket.conn, packet, encoded);
      counts.engine += 1;
      counts.bytes += packet.length;
    }
  }
}
