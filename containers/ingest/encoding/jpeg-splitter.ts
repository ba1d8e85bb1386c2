/** Pictures out of a stream of JPEG files one after the other. */

const endOfImage = Uint8Array.of(0xff, 0xd9);
/** A 360-line thumbnail has 10–60 KB. */
const maxLength = 2 * 1024 ** 2;

export class JpegSplitter {
  #chunks: Buffer[] = [];
  #length = 0;

  /**
   * The pictures that the chunk completes. In a JPEG's coded data FF is followed by 00 or a restart marker, and
   * ffmpeg's headers hold no FF D9, so that the first one is the end (ITU-T T.81 B.1.1).
   */
  push(chunk: Buffer): readonly Uint8Array[] {
    const pictures: Uint8Array[] = [];
    let rest = chunk;
    while (rest.byteLength > 0) {
      const end = this.#endIn(rest);
      if (end === undefined) {
        this.#keep(rest);
        break;
      }
      pictures.push(Buffer.concat([...this.#chunks, rest.subarray(0, end)]));
      this.#chunks = [];
      this.#length = 0;
      rest = rest.subarray(end);
    }
    return pictures;
  }

  /** Where the picture ends in the chunk; the marker may begin in the chunk before. */
  #endIn(chunk: Buffer): number | undefined {
    if (this.#chunks.at(-1)?.at(-1) === endOfImage[0] && chunk[0] === endOfImage[1]) return 1;
    const found = chunk.indexOf(endOfImage);
    return found === -1 ? undefined : found + endOfImage.byteLength;
  }

  #keep(chunk: Buffer): void {
    this.#length += chunk.byteLength;
    if (this.#length > maxLength) {
      this.#chunks = [];
      this.#length = 0;
      return;
    }
    this.#chunks.push(chunk);
  }
}
