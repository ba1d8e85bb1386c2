/** ISO base media file format (ISO/IEC 14496-12) boxes: reading only, no copies. */

/** Bytes that are not the ISO-BMFF they should be. */
export class BoxError extends Error {
  override readonly name = 'BoxError';
}

/** A box inside `bytes` of the reader's caller: its payload is `bytes[start, end)`. */
export interface Box {
  readonly type: string;
  /** Where its header begins. */
  readonly offset: number;
  /** Where its payload begins. */
  readonly start: number;
  readonly end: number;
}

export interface BoxHeader {
  readonly type: string;
  readonly headerLength: number;
  /** Whole box, header counted. */
  readonly length: number;
}

/** Eight bytes for the 32-bit size and the type, eight more for a 64-bit size (section 4.2). */
const shortHeaderLength = 8;
const longHeaderLength = 16;

export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The header at `offset`, or undefined when too few bytes are there yet. */
export function readBoxHeader(view: DataView, offset: number): BoxHeader | undefined {
  const available = view.byteLength - offset;
  if (available < shortHeaderLength) return undefined;
  const size = view.getUint32(offset);
  const type = fourCc(view, offset + 4);
  // 0 means "to the end of the file" (section 4.2): a pipe has no end that could be waited for.
  if (size === 0) throw new BoxError(`box ${type} has no length`);
  if (size !== 1) {
    if (size < shortHeaderLength) throw new BoxError(`box ${type} says it is ${size} bytes long`);
    return { type, headerLength: shortHeaderLength, length: size };
  }
  if (available < longHeaderLength) return undefined;
  const length = readUint64(view, offset + 8);
  if (length < longHeaderLength) throw new BoxError(`box ${type} says it is ${length} bytes long`);
  return { type, headerLength: longHeaderLength, length };
}

/** The boxes that fill `bytes[start, end)`. Throws BoxError when one reaches beyond the end. */
export function* boxesIn(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.byteLength,
): Generator<Box, void, undefined> {
  const view = viewOf(bytes);
  let offset = start;
  while (offset < end) {
    const header = readBoxHeader(view, offset);
    if (header === undefined || offset + header.length > end) throw new BoxError('a box is cut off');
    yield {
      type: header.type,
      offset,
      start: offset + header.headerLength,
      end: offset + header.length,
    };
    offset += header.length;
  }
}

/** The first child box of the type. */
export function childOf(bytes: Uint8Array, parent: Box, type: string): Box | undefined {
  for (const box of boxesIn(bytes, parent.start, parent.end)) if (box.type === type) return box;
  return undefined;
}

/** The box at the end of a path of types below `parent`. */
export function descendantOf(bytes: Uint8Array, parent: Box, ...path: readonly string[]): Box | undefined {
  let box: Box | undefined = parent;
  for (const type of path) {
    if (box === undefined) return undefined;
    box = childOf(bytes, box, type);
  }
  return box;
}

/** Numbers from one box's payload; reading past its end throws BoxError. */
export class BoxReader {
  readonly #view: DataView;
  readonly #type: string;
  #at = 0;

  constructor(bytes: Uint8Array, box: Box) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset + box.start, box.end - box.start);
    this.#type = box.type;
  }

  get left(): number {
    return this.#view.byteLength - this.#at;
  }

  skip(count: number): void {
    this.#take(count);
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4));
  }

  u64(): number {
    return readUint64(this.#view, this.#take(8));
  }

  /** Version and flags of a full box (section 4.2). */
  versionAndFlags(): { readonly version: number; readonly flags: number } {
    const word = this.u32();
    return { version: word >>> 24, flags: word & 0xff_ff_ff };
  }

  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.#view.byteLength) throw new BoxError(`box ${this.#type} is too short`);
    this.#at = at + count;
    return at;
  }
}

export const fourCc = (view: DataView, offset: number): string =>
  String.fromCharCode(
    view.getUint8(offset),
    view.getUint8(offset + 1),
    view.getUint8(offset + 2),
    view.getUint8(offset + 3),
  );

function readUint64(view: DataView, offset: number): number {
  const value = view.getUint32(offset) * 2 ** 32 + view.getUint32(offset + 4);
  if (value > Number.MAX_SAFE_INTEGER) throw new BoxError('a 64-bit number beyond 2^53');
  return value;
}
