import type { JoinRefusal, JoinRefusalCode } from '../../../core/chat/protocol.ts';

const texts: Readonly<Record<JoinRefusalCode, string>> = {
  'bad-request': 'say which broadcast: { broadcast, token?, after? } with the ids as they were given to you',
  'bad-token': 'the token is not good: sign in again',
  'not-found': 'there is no such broadcast',
  moved: 'this broadcast has its chat at another path',
  busy: 'too many are coming in: try again in a moment',
  unavailable: 'chat can’t be reached now: it will be back',
};

export interface Refused {
  readonly ok: false;
  readonly refusal: JoinRefusal;
}

export const refusal = (
  code: JoinRefusalCode,
  more: Partial<Pick<JoinRefusal, 'text' | 'retryAfterMs' | 'path'>> = {},
): Refused => ({ ok: false, refusal: { code, text: texts[code], ...more } });

/** What fails for one fails for a crowd: they shall not all try again in the same moment. */
const retrySpreadMs = 4_000;

export const retryAfterMs = (random: () => number): number => 1_000 + Math.round(random() * retrySpreadMs);

export const unavailable = (random: () => number): Refused =>
  refusal('unavailable', { retryAfterMs: retryAfterMs(random) });

export const busy = (random: () => number): Refused =>
  refusal('busy', { retryAfterMs: retryAfterMs(random) });
