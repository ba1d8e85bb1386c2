/** The chat's words for people. Pure. */
import type { ChatRole } from '../../../core/chat/message.ts';
import type { ChatMode } from '../../../core/chat/mode.ts';
import type { Sampled } from '../../../core/chat/protocol.ts';
import { clockTime } from '../../words/time.ts';
import type { ChatStatus } from './connection.ts';

export const roleWords: Readonly<Record<Exclude<ChatRole, 'viewer'>, string>> = {
  broadcaster: 'Broadcaster',
  moderator: 'Moderator',
  operator: 'Tidecast staff',
};

export interface Notice {
  /** Told apart by how much it matters. */
  readonly tone: 'quiet' | 'warn';
  readonly text: string;
  /** Counted down beside the text. */
  readonly untilMs?: number;
}

const waits = {
  lost: 'The chat’s connection was lost. Trying again',
  busy: 'The chat is very full. Trying again',
  unavailable: 'The chat doesn’t answer right now. Trying again',
  leave: 'The chat is being renewed. Back',
  moved: 'The chat is moving. Back',
} as const;

/** What stands above the lines about the connection. `untilMs` runs by the stopwatch. */
export function statusNotice(status: ChatStatus): Notice | undefined {
  switch (status.at) {
    case 'resting':
      return { tone: 'quiet', text: 'The chat opens with the show.' };
    case 'connecting':
      return status.again
        ? { tone: 'warn', text: 'Connecting to the chat again …' }
        : { tone: 'quiet', text: 'Connecting to the chat …' };
    case 'reconnecting':
      return { tone: 'warn', text: 'Reconnecting: new messages come as soon as the chat is back.' };
    case 'waiting':
      return { tone: 'warn', text: waits[status.why], untilMs: status.untilMs };
    case 'offline':
      return { tone: 'warn', text: 'You are offline. The chat goes on when you are back.' };
    case 'stopped':
      return status.why === 'ended'
        ? undefined
        : { tone: 'warn', text: 'This chat can’t be opened. Reload the page to try again.' };
    default:
      return undefined;
  }
}

export const sampledWords = ({ shownPerS, saidPerS }: Sampled): string =>
  `Very fast: showing ${Math.round(shownPerS)} of ${Math.round(saidPerS)} messages a second.`;

/** What holds for everybody who writes. */
export function modeWords(mode: ChatMode): readonly string[] {
  return [
    ...(mode.off ? ['Chat off'] : []),
    ...(mode.slowS > 0 ? [`Slow mode ${span(mode.slowS)}`] : []),
    ...(mode.followersMin === undefined ? [] : ['Followers only']),
  ];
}

/** 90 → `90 s`, 600 → `10 min`. */
export const span = (seconds: number): string =>
  seconds < 120
    ? `${seconds} s`
    : seconds < 7_200
      ? `${Math.round(seconds / 60)} min`
      : `${Math.round(seconds / 3_600)} h`;

/** Time that is left, for beside a reason: `in 12 s`, `in 4:05`. */
export function left(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1_000));
  return seconds < 60 ? `in ${seconds} s` : `in ${clockTime(seconds)}`;
}

// Made once: a formatter of its own for every line would cost more than all the rest of the line.
const hoursAndMinutes = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

export const timeOfDay = (ms: number): string => hoursAndMinutes.format(ms);
