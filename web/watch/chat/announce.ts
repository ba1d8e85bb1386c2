/** What a screen reader is told of new messages: each one while few come, a summary when many do. Pure. */
import type { ChatMessage } from '../../../core/chat/message.ts';

/** `mentions`: only what is said to me. */
export type Aloud = 'all' | 'mentions' | 'nothing';

/** Between two announcements: as long as a short line takes to be read. */
export const announceEveryMs = 4_000;
const readWhole = 2;
const longest = 120;

const short = (text: string): string => (text.length > longest ? `${text.slice(0, longest)} …` : text);
const spoken = ({ by, text }: ChatMessage): string => `${by.name}: ${short(text)}`;

export function announcement(
  fresh: readonly ChatMessage[],
  aloud: Aloud,
  mentionsMe: (message: ChatMessage) => boolean,
): string | undefined {
  if (aloud === 'nothing' || fresh.length === 0) return undefined;
  const toMe = fresh.filter(mentionsMe);
  const mentions = toMe.slice(-readWhole).map((message) => `To you, from ${spoken(message)}`);
  const others = fresh.length - toMe.length;
  if (aloud === 'mentions' || others === 0) return mentions.length === 0 ? undefined : mentions.join('. ');
  if (fresh.length <= readWhole)
    return fresh
      .map((message) => (toMe.includes(message) ? `To you, from ${spoken(message)}` : spoken(message)))
      .join('. ');
  return [`${others} new ${others === 1 ? 'message' : 'messages'}`, ...mentions].join('. ');
}
