/** When and how to come back to the chat after its connection has ended or a join was refused. Pure. */
import type { JoinRefusal } from '../../../core/chat/protocol.ts';

export type Ending =
  /** Gone without a word, or never there. `opened`: a connection stood. `forMs`: so long it was joined. */
  | { readonly kind: 'lost'; readonly opened: boolean; readonly forMs: number }
  | { readonly kind: 'leave'; readonly afterMs: number }
  | { readonly kind: 'moved'; readonly path: string; readonly afterMs: number }
  | { readonly kind: 'refused'; readonly refusal: JoinRefusal };

export interface Attempts {
  /** In a row. */
  readonly failures: number;
  /** In a row, of those that did not even open. */
  readonly unopened: number;
  /** Long polling first: WebSockets do not get through here. */
  readonly polling: boolean;
  /** The token was not taken: join without. */
  readonly anonymous: boolean;
}

export const firstAttempt: Attempts = { failures: 0, unopened: 0, polling: false, anonymous: false };

export type WaitReason = 'lost' | 'busy' | 'unavailable' | 'leave' | 'moved';

export type Next =
  | {
      readonly do: 'wait';
      readonly why: WaitReason;
      readonly afterMs: number;
      /** The server asked for this: nothing may bring it forward. */
      readonly leastMs: number;
      readonly attempts: Attempts;
      readonly path?: string;
    }
  /** Asking again would get the same answer. */
  | { readonly do: 'stop'; readonly why: 'not-found' | 'bad-request'; readonly text: string };

/** A crowd that is cut at once comes back over 2 s first: 300,000 on 60 tasks are 2,500 a second each, which they pace (notes chat 3). */
const baseMs = 2_000;
const capMs = 30_000;
/** Shorter stays are failures too: a task that takes everybody in and dies would be stormed. */
const stayMs = 10_000;
/** WebSockets are given so many chances before long polling is tried, which costs a task twice as much. */
const webSocketChances = 3;

/** Full jitter: anything between nothing and the whole. */
export const jitter = (failures: number, random: () => number): number =>
  Math.round(random() * Math.min(capMs, baseMs * 2 ** Math.min(failures, 10)));

/** At least what was told; half as much again is spread, since many were told the same. */
const told = (ms: number, random: () => number): number => Math.round(ms * (1 + random() / 2));

export function nextAttempt(before: Attempts, ending: Ending, random: () => number): Next {
  switch (ending.kind) {
    case 'lost': {
      const fresh = ending.forMs >= stayMs;
      const failures = fresh ? 0 : before.failures + 1;
      const unopened = ending.opened ? 0 : before.unopened + 1;
      // Once in doubt they take turns, until one of them opens.
      const polling =
        ending.opened || unopened < webSocketChances ? before.polling && ending.opened : !before.polling;
      return wait('lost', jitter(fresh ? 0 : before.failures, random), 0, {
        ...before,
        failures,
        unopened,
        polling,
      });
    }
    case 'leave':
      return wait('leave', told(ending.afterMs, random), ending.afterMs, { ...before, failures: 0 });
    case 'moved':
      return {
        ...wait('moved', told(ending.afterMs, random), ending.afterMs, before),
        path: ending.path,
      };
    default:
      return afterRefusal(before, ending.refusal, random);
  }
}

function afterRefusal(before: Attempts, refusal: JoinRefusal, random: () => number): Next {
  const { code, text, retryAfterMs = 0, path } = refusal;
  const failures = before.failures + 1;
  const attempts = { ...before, failures, unopened: 0 };
  const waitMs = Math.max(told(retryAfterMs, random), jitter(before.failures, random));
  switch (code) {
    case 'not-found':
      return { do: 'stop', why: 'not-found', text };
    case 'bad-request':
      return { do: 'stop', why: 'bad-request', text };
    case 'bad-token':
      // Reading is open to everybody; the page says that the sign-in has run out.
      return before.anonymous
        ? { do: 'stop', why: 'bad-request', text }
        : wait('lost', told(retryAfterMs, random), retryAfterMs, { ...attempts, anonymous: true });
    case 'moved':
      // Two shards that each name the other must not be asked without a rest.
      return path === undefined
        ? wait('unavailable', waitMs, retryAfterMs, attempts)
        : {
            ...wait(
              'moved',
              before.failures === 0 ? told(retryAfterMs, random) : waitMs,
              retryAfterMs,
              attempts,
            ),
            path,
          };
    default:
      return wait(code, waitMs, retryAfterMs, attempts);
  }
}

const wait = (
  why: WaitReason,
  afterMs: number,
  leastMs: number,
  attempts: Attempts,
): Extract<Next, { do: 'wait' }> => ({ do: 'wait', why, afterMs, leastMs, attempts });

/** The page is seen or online again: at once, but not all of a crowd in the same moment, and not before what was told. */
export const hurried = (remainingMs: number, leastMs: number, random: () => number): number =>
  Math.max(0, leastMs, Math.min(remainingMs, Math.round(random() * 1_000)));
