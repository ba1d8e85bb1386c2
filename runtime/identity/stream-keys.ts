import { createHash, timingSafeEqual } from 'node:crypto';
import type { StreamKey } from '../../core/broadcast/stream-key.ts';

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz';
const secretLength = 32;
/** 7 × 36: bytes from here on would make the first letters likelier than the others. */
const fairBytes = 252;

/** A new key for a channel. It is shown once; only `hashSecret` of it is kept. */
export function newStreamKey(channelId: string, randomBytes: (size: number) => Uint8Array): StreamKey {
  let secret = '';
  while (secret.length < secretLength) {
    for (const byte of randomBytes(secretLength)) {
      if (byte < fairBytes && secret.length < secretLength) secret += alphabet.charAt(byte % alphabet.length);
    }
  }
  return { channelId, secret };
}

/** SHA-256, hex. Plain, because a secret of 165 random bits can't be guessed from its hash. */
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Whether this is the secret of that hash, in a time that does not tell how much of it was right. */
export function secretMatches(secret: string, keyHash: string): boolean {
  const actual = createHash('sha256').update(secret).digest();
  const expected = Buffer.from(keyHash, 'hex');
  return expected.length === actual.length && timingSafeEqual(actual, expected);
}
