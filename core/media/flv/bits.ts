import { FlvError } from './tag.ts';

/** Bits from the highest to the lowest; reading past the end throws FlvError. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  bit(): number {
    const byte = this.#bytes[this.#position >> 3];
    if (byte === undefined) throw new FlvError('a header is cut off');
    const bit = (byte >> (7 - (this.#position & 7))) & 1;
    this.#position += 1;
    return bit;
  }

  flag(): boolean {
    return this.bit() === 1;
  }

  /** Up to 32 bits. */
  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 2 + this.bit();
    return value;
  }

  skip(count: number): void {
    this.#position += count;
  }

  /** Exp-Golomb, unsigned (H.264 9.1). */
  ue(): number {
    let zeros = 0;
    while (this.bit() === 0)
      if (++zeros > 31) throw new FlvError('an Exp-Golomb number of more than 32 bits');
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** Exp-Golomb, signed (H.264 9.1.1). */
  se(): number {
    const code = this.ue();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }
}
