import { messageType, type RtmpMessage } from './message.ts';

/** AMF0 string "@setDataFrame": what follows it is to be kept for late viewers. Encoders put it before onMetaData. */
const setDataFrame = Buffer.from('\x02\x00\x0d@setDataFrame', 'latin1');

/** The AMF0 of a data message as it would stand in an FLV file. */
export function dataPayload(message: RtmpMessage): Uint8Array {
  // Type 15 is AMF3 in name only: a zero byte, then AMF0.
  const amf0 = message.type === messageType.dataAmf3 ? message.payload.subarray(1) : message.payload;
  const marked =
    amf0.length >= setDataFrame.length && setDataFrame.equals(amf0.subarray(0, setDataFrame.length));
  return marked ? amf0.subarray(setDataFrame.length) : amf0;
}
