import type { Socket as NetSocket } from 'node:net';
import type { Viewer } from './viewer.ts';
import { openState, type Wire } from './wire.ts';

/**
 * Viewers to whom the same bytes are written. What the sweep touches lies in flat arrays: with thousands of
 * sockets it is bound by memory, and every object that it does not look at counts (notes chat 2.1).
 */
export class Lane {
  readonly #viewers: Viewer[] = [];
  readonly #sockets: NetSocket[] = [];
  readonly #ws: Wire['ws'][] = [];

  get size(): number {
    return this.#viewers.length;
  }

  add(viewer: Viewer, wire: Wire): void {
    viewer.place = this.#viewers.length;
    this.#viewers.push(viewer);
    this.#sockets.push(wire.socket);
    this.#ws.push(wire.ws);
  }

  /** The last one takes the place. */
  remove(viewer: Viewer): void {
    const { place } = viewer;
    const last = this.#viewers.pop();
    const socket = this.#sockets.pop();
    const ws = this.#ws.pop();
    if (last === undefined || socket === undefined || ws === undefined || last === viewer) return;
    this.#viewers[place] = last;
    this.#sockets[place] = socket;
    this.#ws[place] = ws;
    last.place = place;
  }

  socketOf(viewer: Viewer): NetSocket | undefined {
    return this.#sockets[viewer.place];
  }

  /**
   * @param slow is given viewers with more than `boundBytes` unsent, and has to remove them.
   * @returns how many have got it.
   */
  write(bytes: Buffer, boundBytes: number, slow: (viewer: Viewer) => void): number {
    let written = 0;
    for (let place = this.#sockets.length - 1; place >= 0; place -= 1) {
      const socket = this.#sockets[place];
      const viewer = this.#viewers[place];
      // After a close frame nothing may follow (RFC 6455 5.5.1). Its viewer is removed when it has closed.
      if (socket === undefined || viewer === undefined || this.#ws[place]?.readyState !== openState) continue;
      if (socket.writableLength > boundBytes) slow(viewer);
      else {
        socket.write(bytes);
        written += 1;
      }
    }
    return written;
  }

  writeOne(viewer: Viewer, bytes: Buffer): void {
    if (this.#ws[viewer.place]?.readyState === openState) this.#sockets[viewer.place]?.write(bytes);
  }

  *[Symbol.iterator](): Iterator<Viewer> {
    yield* this.#viewers;
  }
}
