import type { Fragment } from '../flow.ts';
import { BoxError, readBoxHeader, type BoxHeader } from './boxes.ts';
import { readFragment } from './fragment.ts';
import { readInit, type Init } from './init.ts';

export type Split =
  | { readonly kind: 'init'; readonly bytes: Uint8Array }
  | { readonly kind: 'fragment'; readonly fragment: Fragment };

/** A part of 0.5 s at 50 Mbps has 3 MB. More is no part but a pipe gone wrong. */
const maxUnitLength = 32 * 1024 * 1024;

/** 64-bit box header. */
const maxHeaderLength = 16;

/**
 * Cuts what ffmpeg writes to a pipe into the init segment (`ftyp` + `moov`) and fragments (`moof` + `mdat`).
 * Chunks are kept as they come and copied once, into the unit that they complete.
 */
export class FragmentSplitter {
  #chunks: Uint8Array[] = [];
  #buffered = 0;
  /** Bytes that must be there before looking again pays. */
  #needed = 0;
  /** The `ftyp` or `moof` whose partner has yet to come. */
  #opening: BoxHeader | undefined;
  #init: Init | undefined;

  /** Everything that the chunk completes, in order. Throws BoxError; the splitter is of no use then. */
  push(chunk: Uint8Array): Split[] {
    if (chunk.byteLength > 0) this.#chunks.push(chunk);
    this.#buffered += chunk.byteLength;
    const splits: Split[] = [];
    while (this.#buffered > 0 && this.#buffered >= this.#needed) {
      const at = this.#opening?.length ?? 0;
      const header = this.#headerAt(at);
      if (header === undefined) {
        this.#needed = this.#buffered + 1;
        break;
      }
      const end = at + header.length;
      if (end > maxUnitLength) throw new BoxError(`box ${header.type} of ${header.length} bytes`);
      if (this.#buffered < end) {
        this.#needed = end;
        break;
      }
      this.#needed = 0;
      const split = this.#close(header, end);
      if (split !== undefined) splits.push(split);
    }
    return splits;
  }

  /** A whole box is there: it opens a unit, completes it, or is of no interest. */
  #close(header: BoxHeader, end: number): Split | undefined {
    const opening = this.#opening;
    if (opening === undefined) {
      if (header.type === 'ftyp' || header.type === 'moof') this.#opening = header;
      else if (header.type === 'moov' || header.type === 'mdat')
        throw new BoxError(`box ${header.type} on its own`);
      else this.#take(end);
      return undefined;
    }
    this.#opening = undefined;
    const pair = `${opening.type}+${header.type}`;
    if (pair === 'ftyp+moov') {
      const bytes = this.#take(end);
      this.#init = readInit(bytes);
      return { kind: 'init', bytes };
    }
    if (pair !== 'moof+mdat') throw new BoxError(`box ${header.type} after ${opening.type}`);
    if (this.#init === undefined) throw new BoxError('a fragment before the init segment');
    const fragment = readFragment(this.#init, this.#take(end));
    return fragment && { kind: 'fragment', fragment };
  }

  #headerAt(offset: number): BoxHeader | undefined {
    const length = Math.min(maxHeaderLength, this.#buffered - offset);
    if (length <= 0) return undefined;
    const bytes = new Uint8Array(length);
    this.#copy(bytes, offset);
    return readBoxHeader(new DataView(bytes.buffer), 0);
  }

  /** Copies buffered bytes from `offset` until `target` is full. */
  #copy(target: Uint8Array, offset: number): void {
    let skip = offset;
    let filled = 0;
    for (const chunk of this.#chunks) {
      if (filled === target.byteLength) return;
      if (skip >= chunk.byteLength) {
        skip -= chunk.byteLength;
        continue;
      }
      const piece = chunk.subarray(skip, skip + target.byteLength - filled);
      target.set(piece, filled);
      filled += piece.byteLength;
      skip = 0;
    }
  }

  /** Removes the first `length` bytes: one copy into bytes of their own. */
  #take(length: number): Uint8Array {
    const taken = new Uint8Array(length);
    this.#copy(taken, 0);
    let left = length;
    let whole = 0;
    for (const chunk of this.#chunks) {
      if (chunk.byteLength > left) break;
      left -= chunk.byteLength;
      whole += 1;
    }
    this.#chunks.splice(0, whole);
    const [first] = this.#chunks;
    if (left > 0 && first !== undefined) this.#chunks[0] = first.subarray(left);
    this.#buffered -= length;
    return taken;
  }
}
