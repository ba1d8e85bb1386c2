import { ProtocolError } from './protocol-error.ts';

/** RTMP 1.0 section 5.2. C1, C2, S1 and S2 have this size. */
export const handshakePacketBytes = 1_536;
export const rtmpVersion = 3;

const helloBytes = 1 + handshakePacketBytes;

/**
 * The server's side of the simple handshake. The digest handshake of Flash Player is not needed: an S1 whose
 * bytes 4–7 are zero tells every encoder so. C2 should repeat S1; what it holds is not looked at, since
 * encoders that got it wrong work with every other server.
 */
export class Handshake {
  /** C0 and C1; allocated with the first byte, so that a connection that says nothing costs nothing. */
  #hello: Buffer | undefined;
  #received = 0;
  readonly #filler: Uint8Array;
  readonly #reply: (bytes: Buffer) => void;

  /** @param filler 1,528 bytes for S1. They only have to tell one connection from another, and need not be secret. */
  constructor(filler: Uint8Array, reply: (bytes: Buffer) => void) {
    this.#filler = filler;
    this.#reply = reply;
  }

  get done(): boolean {
    return this.#received === helloBytes + handshakePacketBytes;
  }

  /** Takes its share of the bytes and returns how many it took. */
  push(bytes: Buffer): number {
    let taken = 0;
    if (this.#received < helloBytes) {
      if (this.#received === 0 && bytes.length > 0 && bytes[0] !== rtmpVersion) {
        throw new ProtocolError(`not RTMP version 3: the first byte is ${bytes[0]}`);
      }
      this.#hello ??= Buffer.alloc(helloBytes);
      taken = bytes.copy(this.#hello, this.#received);
      this.#received += taken;
      if (this.#received < helloBytes) return taken;
      this.#reply(this.#answer(this.#hello.subarray(1)));
      this.#hello = undefined;
    }
    const rest = Math.min(bytes.length - taken, helloBytes + handshakePacketBytes - this.#received);
    this.#received += rest;
    return taken + rest;
  }

  /** S0, S1 and S2 in one write. */
  #answer(c1: Uint8Array): Buffer {
    const answer = Buffer.alloc(helloBytes + handshakePacketBytes);
    answer[0] = rtmpVersion;
    answer.set(this.#filler, 1 + 8); // after time 0 and four zero bytes
    answer.set(c1, helloBytes);
    return answer;
  }
}
