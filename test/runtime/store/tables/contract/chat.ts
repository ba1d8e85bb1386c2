import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultLimits, type ChatLimits } from '../../../../../core/chat/limits.ts';
import { defaultPlatformChat, defaultSettings, type Ban } from '../../../../../core/chat/mode.ts';
import { platformScope, type AuditEntry, type ChatStore } from '../../../../../core/chat/store.ts';

/** An empty store. Opened anew for every test. */
export interface ChatStoreSide {
  readonly store: ChatStore;
  /** The same data, seen by another program. */
  readonly other: ChatStore;
  /** The time by which the store judges what is over. */
  setNow(now: number): void;
  close(): Promise<void>;
}

export const noon = Date.UTC(2026, 10, 20, 12);
const dayMs = 86_400_000;

const banOf = (personId: string, changes: Partial<Ban> = {}): Ban => ({
  personId,
  name: `Name of ${personId}`,
  by: 'moderator-1',
  at: noon,
  ...changes,
});

export const entryOf = (n: number, changes: Partial<AuditEntry> = {}): AuditEntry => ({
  id: `01${n.toString(36).toUpperCase().padStart(24, '0')}`,
  at: noon,
  by: { personId: 'person-1', name: 'Mori', role: 'moderator' },
  action: { type: 'ban', personId: 'person-2' },
  ...changes,
});

export function chatStoreContract(open: () => Promise<ChatStoreSide>): void {
  let side: ChatStoreSide;
  let store: ChatStore;
  beforeEach(async () => {
    side = await open();
    ({ store } = side);
  });
  afterEach(() => side.close());

  describe('settings', () => {
    it('are the defaults until somebody changes them, each channel’s its own', async () => {
      expect(await store.settings('a')).toEqual(defaultSettings);
      const changed = { ...defaultSettings, slowS: 10, followersMin: 5, blockedWords: ['ばか', 'spam'] };
      expect(await store.changeSettings('a', changed, 0)).toEqual({ ...changed, version: 1 });
      expect(await side.other.settings('a')).toEqual({ ...changed, version: 1 });
      expect(await store.settings('b')).toEqual(defaultSettings);
    });

    it('lose what is taken back', async () => {
      await store.changeSettings('a', { ...defaultSettings, followersMin: 0, blockedWords: ['x'] }, 0);
      await store.changeSettings('a', defaultSettings, 1);
      expect(await store.settings('a')).toEqual({ ...defaultSettings, version: 2 });
    });

    it('are changed by one of several who began with the same version', async () => {
      for (let version = 0; version < 3; version += 1) {
        const answers = await Promise.all(
          [1, 2, 3, 4].map((slowS) =>
            (slowS % 2 === 0 ? store : side.other).changeSettings(
              'a',
              { ...defaultSettings, slowS },
              version,
            ),
          ),
        );
        const taken = answers.filter((answer) => answer !== undefined);
        expect(taken).toHaveLength(1);
        expect(await store.settings('a')).toEqual(taken[0]);
        expect(taken[0]?.version).toBe(version + 1);
      }
      expect(await store.changeSettings('a', { ...defaultSettings, slowS: 99 }, 0)).toBeUndefined();
      expect(await store.changeSettings('a', { ...defaultSettings, slowS: 99 }, 7)).toBeUndefined();
    });

    it('of the platform are its own, with versions too', async () => {
      expect(await store.platform()).toEqual(defaultPlatformChat);
      const changed = { blockedWords: ['x'], off: true, version: 0 };
      expect(await store.changePlatform(changed, 0)).toEqual({ ...changed, version: 1 });
      expect(await store.changePlatform(changed, 4)).toBeUndefined();
      expect(await side.other.platform()).toEqual({ ...changed, version: 1 });
      expect(await store.settings('a')).toEqual(defaultSettings);
    });

    it('and limits hold what was last written', async () => {
      expect(await store.limits()).toEqual(defaultLimits);
      const limits: ChatLimits = { ...defaultLimits, platform: { perS: 10, burst: 20 }, shownPerS: 5 };
      await store.changeLimits(limits);
      expect(await side.other.limits()).toEqual(limits);
      expect(await store.platform()).toEqual(defaultPlatformChat);
    });
  });

  describe('bans', () => {
    it('are kept by channel, and on the platform', async () => {
      const timeout = banOf('p1', { until: noon + 60_000, reason: 'links' });
      await store.ban('a', timeout);
      await store.ban('a', banOf('p2'));
      await store.ban(platformScope, banOf('p3'));
      expect(await side.other.bans('a')).toEqual([timeout, banOf('p2')]);
      expect(await store.bans('b')).toEqual([]);
      expect(await store.bans(platformScope)).toEqual([banOf('p3')]);
    });

    it('are over at their time, to the millisecond, and not before', async () => {
      await store.ban('a', banOf('p1', { until: noon + 1_500 }));
      side.setNow(noon + 1_499);
      expect(await store.bans('a')).toHaveLength(1);
      side.setNow(noon + 1_500);
      expect(await store.bans('a')).toEqual([]);
    });

    it('of the same person replace each other: for good, or for longer, or shorter', async () => {
      await store.ban('a', banOf('p1', { until: noon + 1_000, reason: 'first' }));
      await store.ban('a', banOf('p1'));
      side.setNow(noon + 10 * 365 * dayMs);
      expect(await store.bans('a')).toEqual([banOf('p1')]);
      await store.ban('a', banOf('p1', { until: noon + 11 * 365 * dayMs }));
      expect(await store.bans('a')).toMatchObject([{ until: noon + 11 * 365 * dayMs }]);
    });

    it('are lifted, also when there is none', async () => {
      await store.ban('a', banOf('p1'));
      await store.unban('a', 'p1');
      await store.unban('a', 'p1');
      expect(await store.bans('a')).toEqual([]);
    });

    it('are all there when there are many', async () => {
      // More than fit on one page of 1 MB.
      const reason = 'r'.repeat(50_000);
      const people = Array.from({ length: 24 }, (_, n) => `p${String(n).padStart(3, '0')}`);
      for (const personId of people) await store.ban('a', banOf(personId, { reason }));
      expect((await store.bans('a')).map(({ personId }) => personId)).toEqual(people);
    });
  });

  describe('moderators', () => {
    const moderator = { personId: 'p1', name: 'Mori', by: 'owner', at: noon };

    it('are named and dismissed, in their channel only', async () => {
      await store.addModerator('a', moderator);
      await store.addModerator('a', moderator);
      expect(await side.other.moderators('a')).toEqual([moderator]);
      expect(await store.moderators('b')).toEqual([]);
      await store.removeModerator('a', 'p1');
      await store.removeModerator('a', 'p1');
      expect(await store.moderators('a')).toEqual([]);
    });

    it('are no bans, and the other way round', async () => {
      await store.addModerator('a', moderator);
      await store.ban('a', banOf('p2'));
      expect(await store.moderators('a')).toEqual([moderator]);
      expect(await store.bans('a')).toEqual([banOf('p2')]);
    });
  });

  describe('following', () => {
    it('counts from the first time, until it is given up', async () => {
      expect(await store.followedSince('p1', 'a')).toBeUndefined();
      await store.follow('p1', 'a', noon);
      await store.follow('p1', 'a', noon + 5_000);
      expect(await side.other.followedSince('p1', 'a')).toBe(noon);
      expect(await store.followedSince('p1', 'b')).toBeUndefined();
      expect(await store.followedSince('p2', 'a')).toBeUndefined();
      await store.unfollow('p1', 'a');
      await store.unfollow('p1', 'a');
      expect(await store.followedSince('p1', 'a')).toBeUndefined();
      await store.follow('p1', 'a', noon + 9_000);
      expect(await store.followedSince('p1', 'a')).toBe(noon + 9_000);
    });
  });

  describe('the audit list', () => {
    const all = async (scope: string, limit: number): Promise<readonly AuditEntry[]> => {
      const entries: AuditEntry[] = [];
      let before: string | undefined;
      do {
        const page = await store.auditPage(scope, { limit, ...(before === undefined ? {} : { before }) });
        expect(page.entries.length).toBeLessThanOrEqual(limit);
        entries.push(...page.entries);
        before = page.before;
      } while (before !== undefined);
      return entries;
    };

    it('shows everything newest first, at any page size, each scope its own', async () => {
      const entries = [
        entryOf(1, { action: { type: 'delete', broadcastId: 'b', ids: ['1', '2'] } }),
        entryOf(2, { action: { type: 'settings', changes: { slowS: 3, followersMin: null } } }),
        entryOf(3, { action: { type: 'timeout', personId: 'p', forS: 60 }, name: 'P', reason: 'loud' }),
        ...Array.from({ length: 20 }, (_, n) => entryOf(n + 10)),
      ];
      await Promise.all(entries.map((entry) => store.audit('a', entry)));
      await store.audit(platformScope, entryOf(99));
      for (const limit of [1, 7, 23, 100]) expect(await all('a', limit)).toEqual(entries.toReversed());
      expect(await all(platformScope, 5)).toEqual([entryOf(99)]);
      expect(await all('b', 5)).toEqual([]);
    });

    it('keeps half a year', async () => {
      await store.audit('a', entryOf(1));
      await store.audit('a', entryOf(2, { at: noon + dayMs }));
      side.setNow(noon + 180 * dayMs - 1_000);
      expect(await all('a', 1)).toHaveLength(2);
      side.setNow(noon + 180 * dayMs + 1_000);
      expect(await all('a', 1)).toEqual([entryOf(2, { at: noon + dayMs })]);
    });
  });
}
