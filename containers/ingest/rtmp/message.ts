/** One RTMP message, put together from its chunks. */
export interface RtmpMessage {
  readonly type: number;
  /** Message stream id: 0 for the connection, else what createStream answered. */
  readonly streamId: number;
  readonly timestampMs: number;
  /** A copy of its own: it keeps no receive buffer alive. */
  readonly payload: Uint8Array;
}

/** RTMP 1.0 sections 5.4, 6.2 and 7.1. */
export const messageType = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowAcknowledgementSize: 5,
  setPeerBandwidth: 6,
  audio: 8,
  video: 9,
  dataAmf3: 15,
  commandAmf3: 17,
  dataAmf0: 18,
  commandAmf0: 20,
} as const;

export const isData = (type: number): boolean =>
  type === messageType.dataAmf0 || type === messageType.dataAmf3;

export const isMedia = (type: number): boolean =>
  type === messageType.audio || type === messageType.video || isData(type);
