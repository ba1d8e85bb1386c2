import { constants, deflateRawSync } from 'node:zlib';
import type { Control, Sampled, ServerEvents } from '../../../core/chat/protocol.ts';

/** A text frame that is whole (RFC 6455 5.2); servers do not mask. */
const wholeText = 0x81;
/** RSV1: permessage-deflate (RFC 7692 7.2.3). */
const compressed = 0x40;
/** Shorter ones become longer, or save less than a TCP packet's head. */
const worthDeflatingBytes = 128;
/** What a flush ends with, and a receiver puts back (RFC 7692 7.2.1). */
const flushTail = Buffer.from([0x00, 0x00, 0xff, 0xff]);

function webSocketFrame(payload: Buffer, isDeflated: boolean): Buffer {
  const { length } = payload;
  const headLength = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafeSlow(headLength + length);
  frame[0] = isDeflated ? wholeText | compressed : wholeText;
  if (headLength === 2) frame[1] = length;
  else if (headLength === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(0, 2);
    frame.writeUInt32BE(length, 6);
  }
  payload.copy(frame, headLength);
  return frame;
}

/**
 * No context takeover: the same bytes for everybody. Level 1 takes 18–48 µs for a batch (notes chat 2.4), and
 * more would save little.
 */
function deflated(payload: Buffer): Buffer | undefined {
  if (payload.length < worthDeflatingBytes) return undefined;
  const bytes = deflateRawSync(payload, { level: 1, finishFlush: constants.Z_SYNC_FLUSH });
  const end = bytes.length - flushTail.length;
  if (end >= payload.length || bytes.subarray(end).compare(flushTail) !== 0) return undefined;
  return bytes.subarray(0, end);
}

/** Something to say to many: encoded once, each way that somebody takes it, when the first one does. */
export interface Frame {
  /** Socket.IO packets, for connections that only the engine may write to. */
  readonly packets: readonly string[];
  /** Whole WebSocket frames. */
  readonly plain: Buffer;
  /** Where deflating saves nothing these are plain: a compressing connection may get such, too. */
  readonly deflated: Buffer;
}

class EventFrame implements Frame {
  readonly #packet: string;
  #plain: Buffer | undefined;
  #deflated: Buffer | undefined;

  constructor(packet: string) {
    this.#packet = packet;
  }

  get packets(): readonly string[] {
    return [this.#packet];
  }

  get plain(): Buffer {
    this.#plain ??= webSocketFrame(this.#payload(), false);
    return this.#plain;
  }

  get deflated(): Buffer {
    if (this.#deflated === undefined) {
      const shorter = deflated(this.#payload());
      this.#deflated = shorter === undefined ? this.plain : webSocketFrame(shorter, true);
    }
    return this.#deflated;
  }

  #payload(): Buffer {
    // 4: a message of Engine.IO.
    return Buffer.from(`4${this.#packet}`);
  }
}

/** Several after each other, in one write. Each keeps its own encoding, which may be shared with others. */
class Frames implements Frame {
  readonly #frames: readonly Frame[];
  #plain: Buffer | undefined;
  #deflated: Buffer | undefined;

  constructor(frames: readonly Frame[]) {
    this.#frames = frames;
  }

  get packets(): readonly string[] {
    return this.#frames.flatMap(({ packets }) => packets);
  }

  get plain(): Buffer {
    this.#plain ??= Buffer.concat(this.#frames.map(({ plain }) => plain));
    return this.#plain;
  }

  get deflated(): Buffer {
    this.#deflated ??= Buffer.concat(this.#frames.map(({ deflated }) => deflated));
    return this.#deflated;
  }
}

export const together = (first: Frame, ...others: readonly Frame[]): Frame =>
  others.length === 0 ? first : new Frames([first, ...others]);

/** 2: an event of Socket.IO, in the main namespace, without an acknowledgement. */
export const eventFrame = (event: keyof ServerEvents, ...json: readonly string[]): Frame =>
  new EventFrame(`2["${event}",${json.join(',')}]`);

export const controlFrame = (control: Control): Frame => eventFrame('control', JSON.stringify(control));

/** @param messages each as JSON. */
export const chatsFrame = (messages: readonly string[], sampled?: Sampled): Frame =>
  eventFrame('chats', `[${messages.join(',')}]`, ...(sampled === undefined ? [] : [JSON.stringify(sampled)]));
