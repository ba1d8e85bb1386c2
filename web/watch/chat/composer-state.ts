/** Whether somebody can write now, and if not, why and until when. Pure. */
import type { ChatAuthor } from '../../../core/chat/message.ts';
import { isStaff } from '../../../core/chat/message.ts';
import type { ChatMode } from '../../../core/chat/mode.ts';
import type { ChatStatus } from './connection.ts';

export interface Standing {
  readonly state: 'free' | 'timeout' | 'banned';
  readonly until?: number;
}

export interface Situation {
  readonly status: ChatStatus;
  readonly signedIn: boolean;
  readonly you: ChatAuthor | undefined;
  readonly mode: ChatMode;
  readonly standing: Standing;
  readonly followedSince: number | undefined;
  /** End of the own wait: slow mode, or a limit that the API named. */
  readonly waitUntil: number | undefined;
  /** The picture is not live: what is seen beside it is what was said then. */
  readonly view: 'live' | 'timeshift' | 'recording';
  readonly ended: boolean;
  readonly nowMs: number;
}

export type ComposerAction = 'sign-in' | 'follow' | 'go-live';

export interface ComposerState {
  /** Text can be written; it can only be sent when `canSend`. */
  readonly canWrite: boolean;
  readonly canSend: boolean;
  readonly reason?: string;
  /** Counted down beside the reason. */
  readonly untilMs?: number;
  readonly action?: ComposerAction;
}

const closed = (reason: string, more: Partial<ComposerState> = {}): ComposerState => ({
  canWrite: false,
  canSend: false,
  reason,
  ...more,
});

/** What is written stays and can be gone on with; sending waits. */
const held = (reason: string, more: Partial<ComposerState> = {}): ComposerState => ({
  canWrite: true,
  canSend: false,
  reason,
  ...more,
});

const minutes = (n: number): string =>
  n === 1 ? '1 minute' : n < 120 ? `${n} minutes` : `${Math.round(n / 60)} hours`;

export function composerState(situation: Situation): ComposerState {
  const { status, you, mode, nowMs, view } = situation;
  if (situation.ended)
    return closed(
      view === 'recording'
        ? 'This is the chat as it was during the show.'
        : 'The show has ended, and its chat with it.',
    );
  if (view !== 'live')
    return closed('You see the chat of that moment. Go live to write.', { action: 'go-live' });
  if (!situation.signedIn) return closed('Sign in to chat.', { action: 'sign-in' });
  if (status.at === 'stopped') return closed('You can’t chat here.');
  const { standing } = situation;
  const isOver = standing.until !== undefined && standing.until <= nowMs;
  if (standing.state !== 'free' && !isOver)
    return standing.until === undefined
      ? closed('You are banned from this chat.')
      : closed(
          standing.state === 'banned'
            ? 'You are banned: you can write again'
            : 'Timeout: you can write again',
          {
            untilMs: standing.until,
          },
        );
  const staff = you !== undefined && isStaff(you.role);
  if (!staff) {
    const shut = shutFor(situation, mode);
    if (shut !== undefined) return shut;
  }
  if (status.at !== 'live') return held('Not connected: sending waits.');
  // The token was not taken: the socket knows nobody.
  if (you === undefined)
    return closed('Your sign-in has run out. Sign in again to chat.', { action: 'sign-in' });
  const { waitUntil } = situation;
  if (waitUntil !== undefined && waitUntil > nowMs)
    return held(mode.slowS > 0 && !staff ? 'Slow mode: you can send again' : 'Too fast: you can send again', {
      untilMs: waitUntil,
    });
  return { canWrite: true, canSend: true };
}

function shutFor(situation: Situation, mode: ChatMode): ComposerState | undefined {
  if (mode.off) return held('Chat is off for now: only moderators can write.');
  const { followersMin } = mode;
  if (followersMin === undefined) return undefined;
  const { followedSince, nowMs } = situation;
  if (followedSince === undefined)
    return closed(
      followersMin === 0
        ? 'Only followers can write here.'
        : `Only who has followed for ${minutes(followersMin)} can write here.`,
      { action: 'follow' },
    );
  const from = followedSince + followersMin * 60_000;
  return from > nowMs
    ? held(`For followers of ${minutes(followersMin)}: you can write`, { untilMs: from })
    : undefined;
}
