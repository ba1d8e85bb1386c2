/** Whether somebody may post here at all, before their text and the limits are looked at. Pure. */
import type { Standing } from './bus.ts';
import { isStaff, type ChatRole } from './message.ts';
import type { ChatSettings } from './mode.ts';
import type { Refusal } from './refusal.ts';

type Known = Pick<Extract<Standing, { kind: 'known' }>, 'settings' | 'platform' | 'ban' | 'slowForMs'>;

/** Whether it matters since when they follow: the one thing that Redis does not know. */
export const followCounts = (settings: ChatSettings, role: ChatRole): boolean =>
  settings.followersMin !== undefined && !isStaff(role);

/**
 * A ban counts for staff as well: nobody can ban who stands above them, so it is one from above.
 * @returns undefined: they may
 */
export function turnedAway(
  { settings, platform, ban, slowForMs }: Known,
  who: { readonly role: ChatRole; readonly followedSince: number | undefined; readonly now: number },
): Refusal | undefined {
  const { role, followedSince, now } = who;
  if (ban !== undefined)
    return ban.until === undefined
      ? { reason: 'banned' }
      : { reason: 'timeout', retryAfterMs: Math.max(1, ban.until - now) };
  if (isStaff(role)) return undefined;
  if (settings.off || platform.off) return { reason: 'chat-off' };
  if (slowForMs > 0) return { reason: 'slow-mode', retryAfterMs: slowForMs };
  if (settings.followersMin === undefined) return undefined;
  if (followedSince === undefined) return { reason: 'followers-only' };
  const waitMs = followedSince + settings.followersMin * 60_000 - now;
  return waitMs > 0 ? { reason: 'followers-only', retryAfterMs: waitMs } : undefined;
}

/** Who may act against whom: only those above them. */
const ranks: Readonly<Record<ChatRole, number>> = { viewer: 0, moderator: 1, broadcaster: 2, operator: 3 };
export const outranks = (one: ChatRole, other: ChatRole): boolean => ranks[one] > ranks[other];
