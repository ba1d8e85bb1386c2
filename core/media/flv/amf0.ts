/** Bytes that are not AMF0, or more of it than any encoder sends. The message never holds what was sent. */
export class Amf0Error extends Error {
  override readonly name = 'Amf0Error';
}

/**
 * AMF0 (Adobe "Action Message Format -- AMF 0", 2007). Objects and ECMA arrays both become maps: names come
 * from the network, so they must not be properties (`__proto__`).
 */
export type Amf0Value =
  | number
  | boolean
  | string
  | null
  | undefined
  | Date
  | ReadonlyMap<string, Amf0Value>
  | readonly Amf0Value[];

export const marker = {
  number: 0x00,
  boolean: 0x01,
  string: 0x02,
  object: 0x03,
  null: 0x05,
  undefined: 0x06,
  reference: 0x07,
  ecmaArray: 0x08,
  objectEnd: 0x09,
  strictArray: 0x0a,
  date: 0x0b,
  longString: 0x0c,
  unsupported: 0x0d,
  xmlDocument: 0x0f,
  typedObject: 0x10,
} as const;

/** A connect object is one level deep, metadata two (an array of key frame times in an object). */
const maxDepth = 8;
/** All values of a message together. Nothing an encoder sends has more than 60. */
const maxValues = 1_024;

/** A byte order mark is text like any other. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Decodes all values of a message. The bytes' length is bounded by the caller's message limit. */
export function decodeAmf0(bytes: Uint8Array): Amf0Value[] {
  const decoder = new Decoder(bytes);
  const values: Amf0Value[] = [];
  while (!decoder.atEnd) values.push(decoder.value(0));
  return values;
}

class Decoder {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;
  #values = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  value(depth: number): Amf0Value {
    if (depth > maxDepth) throw new Amf0Error(`AMF0 nested deeper than ${maxDepth}`);
    if (++this.#values > maxValues) throw new Amf0Error(`AMF0 message with more than ${maxValues} values`);
    const type = this.#bytes[this.#take(1)];
    switch (type) {
      case marker.number:
        return this.#view.getFloat64(this.#take(8));
      case marker.boolean:
        return this.#bytes[this.#take(1)] !== 0;
      case marker.string:
        return this.#string(this.#view.getUint16(this.#take(2)));
      case marker.longString:
      case marker.xmlDocument:
        return this.#string(this.#view.getUint32(this.#take(4)));
      case marker.null:
        return null;
      case marker.undefined:
      case marker.unsupported:
        return undefined;
      case marker.object:
        return this.#properties(depth);
      case marker.typedObject:
        this.#string(this.#view.getUint16(this.#take(2)));
        return this.#properties(depth);
      case marker.ecmaArray:
        // The count is a hint (encoders that write metadata as they go leave it 0); the end marker counts.
        this.#take(4);
        return this.#properties(depth);
      case marker.strictArray:
        return this.#array(depth);
      case marker.date: {
        const date = new Date(this.#view.getFloat64(this.#take(8)));
        this.#take(2); // time zone: reserved, "should be 0x0000"
        return date;
      }
      default:
        // Among them references: nothing that encoders send needs them, and they could make cycles.
        throw new Amf0Error(`AMF0 type ${type} is not accepted`);
    }
  }

  #properties(depth: number): ReadonlyMap<string, Amf0Value> {
    const properties = new Map<string, Amf0Value>();
    for (;;) {
      const name = this.#string(this.#view.getUint16(this.#take(2)));
      if (name === '' && this.#bytes[this.#offset] === marker.objectEnd) {
        this.#offset += 1;
        return properties;
      }
      properties.set(name, this.value(depth + 1));
    }
  }

  #array(depth: number): readonly Amf0Value[] {
    const count = this.#view.getUint32(this.#take(4));
    const values: Amf0Value[] = [];
    // The announced count sizes nothing: a value takes at least one byte, so the bytes run out first.
    for (let index = 0; index < count; index++) values.push(this.value(depth + 1));
    return values;
  }

  #string(length: number): string {
    const start = this.#take(length);
    return utf8.decode(this.#bytes.subarray(start, start + length));
  }

  /** Moves past `length` bytes and returns where they start. */
  #take(length: number): number {
    const start = this.#offset;
    if (length > this.#bytes.length - start) throw new Amf0Error('AMF0 message cut short');
    this.#offset = start + length;
    return start;
  }
}

/** Encodes values of ours one after the other: what the caller passes is bounded and free of cycles. */
export function encodeAmf0(values: readonly Amf0Value[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const value of values) encodeValue(value, pieces);
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function encodeValue(value: Amf0Value, pieces: Uint8Array[]): void {
  if (value === undefined) pieces.push(Uint8Array.of(marker.undefined));
  else if (value === null) pieces.push(Uint8Array.of(marker.null));
  else if (typeof value === 'number') pieces.push(Uint8Array.of(marker.number), double(value));
  else if (typeof value === 'boolean') pieces.push(Uint8Array.of(marker.boolean, value ? 1 : 0));
  else if (typeof value === 'string') encodeString(value, pieces);
  else if (value instanceof Date)
    pieces.push(Uint8Array.of(marker.date), double(value.getTime()), Uint8Array.of(0, 0));
  else if (isArray(value)) {
    pieces.push(Uint8Array.of(marker.strictArray), uint32(value.length));
    for (const element of value) encodeValue(element, pieces);
  } else {
    pieces.push(Uint8Array.of(marker.object));
    for (const [name, property] of value) {
      const bytes = encoder.encode(name);
      pieces.push(uint16(bytes.length), bytes);
      encodeValue(property, pieces);
    }
    pieces.push(Uint8Array.of(0, 0, marker.objectEnd));
  }
}

const encoder = new TextEncoder();

// Array.isArray does not narrow readonly arrays.
const isArray = (value: Amf0Value): value is readonly Amf0Value[] => Array.isArray(value);

function encodeString(value: string, pieces: Uint8Array[]): void {
  const bytes = encoder.encode(value);
  if (bytes.length <= 0xffff) pieces.push(Uint8Array.of(marker.string), uint16(bytes.length), bytes);
  else pieces.push(Uint8Array.of(marker.longString), uint32(bytes.length), bytes);
}

function written(size: number, write: (view: DataView) => void): Uint8Array {
  const view = new DataView(new ArrayBuffer(size));
  write(view);
  return new Uint8Array(view.buffer);
}

const double = (value: number): Uint8Array => written(8, (view) => view.setFloat64(0, value));
const uint16 = (value: number): Uint8Array => written(2, (view) => view.setUint16(0, value));
const uint32 = (value: number): Uint8Array => written(4, (view) => view.setUint32(0, value));
