import { describe, expect, it } from 'vitest';
import { Handshake } from '../../../../containers/ingest/rtmp/handshake.ts';
import { split } from './chunked.ts';

const filler = Buffer.alloc(1_528, 0xab);

function start() {
  const replies: Buffer[] = [];
  return { handshake: new Handshake(filler, (bytes) => void replies.push(bytes)), replies };
}

const c0c1 = Buffer.concat([Buffer.of(3), Buffer.from(Array.from({ length: 1_536 }, (_, i) => i & 0xff))]);
const c2 = Buffer.alloc(1_536, 0x11);

describe('the handshake', () => {
  it('answers S0, S1 and S2 when C1 is whole, and is done after C2', () => {
    const { handshake, replies } = start();
    expect(handshake.push(c0c1)).toBe(1_537);
    const answer = Buffer.concat(replies);
    expect(answer).toHaveLength(1 + 2 * 1_536);
    expect(answer[0]).toBe(3);
    // Time and zero: "no digest" to those who look for one.
    expect(answer.subarray(1, 9)).toStrictEqual(Buffer.alloc(8));
    expect(answer.subarray(9, 1_537)).toStrictEqual(filler);
    expect(answer.subarray(1_537)).toStrictEqual(c0c1.subarray(1));
    expect(handshake.done).toBe(false);
    expect(handshake.push(c2)).toBe(1_536);
    expect(handshake.done).toBe(true);
  });

  it.each([1, 7, 1_536, 1_537, 5_000])('takes the bytes in pieces of %i and leaves what follows', (size) => {
    const { handshake, replies } = start();
    const all = Buffer.concat([c0c1, c2, Buffer.alloc(100)]);
    let taken = 0;
    for (const piece of split(all, [size])) if (!handshake.done) taken += handshake.push(piece);
    expect(taken).toBe(3_073);
    expect(replies).toHaveLength(1);
  });

  it.each([0, 6, 22, 71])('refuses first byte %i at once', (first) => {
    expect(() => start().handshake.push(Buffer.of(first))).toThrow('not RTMP version 3');
  });
});
