import { describe, expect, it } from 'vitest';
import { encodeAmf0 } from '../../../../core/media/flv/amf0.ts';
import { dataPayload } from '../../../../containers/ingest/rtmp/data-message.ts';

const message = (type: number, payload: Uint8Array) => ({ type, streamId: 1, timestampMs: 0, payload });
const metadata = Buffer.from(encodeAmf0(['onMetaData', new Map([['width', 640]])]));

describe('data messages', () => {
  it('lose @setDataFrame and nothing else', () => {
    const marked = Buffer.concat([encodeAmf0(['@setDataFrame']), metadata]);
    expect(Buffer.from(dataPayload(message(18, marked)))).toStrictEqual(metadata);
    expect(Buffer.from(dataPayload(message(18, metadata)))).toStrictEqual(metadata);
  });

  it('lose the zero byte of AMF3 messages', () => {
    const amf3 = Buffer.concat([Buffer.of(0), encodeAmf0(['@setDataFrame']), metadata]);
    expect(Buffer.from(dataPayload(message(15, amf3)))).toStrictEqual(metadata);
  });

  it('may be empty or only the mark', () => {
    expect(dataPayload(message(18, Buffer.alloc(0)))).toHaveLength(0);
    expect(dataPayload(message(18, encodeAmf0(['@setDataFrame'])))).toHaveLength(0);
  });
});
