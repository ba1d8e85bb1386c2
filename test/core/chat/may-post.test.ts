import { describe, expect, it } from 'vitest';
import { followCounts, outranks, turnedAway } from '../../../core/chat/may-post.ts';
import type { ChatRole } from '../../../core/chat/message.ts';
import { defaultPlatformChat, defaultSettings, type ChatSettings } from '../../../core/chat/mode.ts';

const now = Date.UTC(2026, 10, 20);
const roles: readonly ChatRole[] = ['viewer', 'moderator', 'broadcaster', 'operator'];
const staff = roles.slice(1);
const standing = (settings: Partial<ChatSettings> = {}) => ({
  settings: { ...defaultSettings, ...settings },
  platform: defaultPlatformChat,
  slowForMs: 0,
});
const as = (role: ChatRole, followedSince?: number) => ({ role, followedSince, now });

describe('whether somebody may post', () => {
  it('everybody may where nothing is set', () => {
    for (const role of roles) expect(turnedAway(standing(), as(role))).toBeUndefined();
  });

  it('nobody who is banned may, whatever they are, and who is for a time learns for how long', () => {
    for (const role of roles) {
      expect(turnedAway({ ...standing(), ban: {} }, as(role))).toEqual({ reason: 'banned' });
      expect(turnedAway({ ...standing(), ban: { until: now + 5_000 } }, as(role))).toEqual({
        reason: 'timeout',
        retryAfterMs: 5_000,
      });
    }
  });

  it('staff may when chat is off, slow or for followers, and viewers may not', () => {
    const cases = [
      standing({ off: true }),
      { ...standing(), platform: { ...defaultPlatformChat, off: true } },
      { ...standing({ slowS: 9 }), slowForMs: 700 },
      standing({ followersMin: 0 }),
    ];
    for (const known of cases) {
      for (const role of staff) expect(turnedAway(known, as(role))).toBeUndefined();
      expect(turnedAway(known, as('viewer'))).toBeDefined();
    }
    expect(cases.map((known) => turnedAway(known, as('viewer'))?.reason)).toEqual([
      'chat-off',
      'chat-off',
      'slow-mode',
      'followers-only',
    ]);
  });

  it('a follower may once they have followed for long enough, and learns when that is', () => {
    const known = standing({ followersMin: 10 });
    expect(turnedAway(known, as('viewer', now - 600_000))).toBeUndefined();
    expect(turnedAway(known, as('viewer', now - 599_000))).toEqual({
      reason: 'followers-only',
      retryAfterMs: 1_000,
    });
    expect(turnedAway(known, as('viewer'))).toEqual({ reason: 'followers-only' });
  });

  it('asks since when somebody follows only where it matters', () => {
    expect(followCounts(defaultSettings, 'viewer')).toBe(false);
    expect(followCounts({ ...defaultSettings, followersMin: 0 }, 'viewer')).toBe(true);
    for (const role of staff) expect(followCounts({ ...defaultSettings, followersMin: 0 }, role)).toBe(false);
  });
});

describe('ranks', () => {
  it('nobody outranks their own or a higher one', () => {
    for (const [n, one] of roles.entries())
      for (const [m, other] of roles.entries()) expect(outranks(one, other)).toBe(n > m);
  });
});
