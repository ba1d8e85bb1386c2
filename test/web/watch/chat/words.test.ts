import { describe, expect, it } from 'vitest';
import type { ChatRole } from '../../../../core/chat/message.ts';
import { announcement } from '../../../../web/watch/chat/announce.ts';
import { emojiGroups, findEmoji } from '../../../../web/watch/chat/emoji.ts';
import { completed, matching, typingAt } from '../../../../web/watch/chat/mentions.ts';
import { menuItems } from '../../../../web/watch/chat/menu-items.ts';
import { auditWords } from '../../../../web/watch/chat/settings/audit-words.ts';
import { blockedWordsIn } from '../../../../web/watch/chat/settings/blocked-words.ts';
import { parse } from '../../../../web/watch/chat/text.ts';
import { left, sampledWords, span, statusNotice } from '../../../../web/watch/chat/words.ts';
import { watching } from '../../../../web/words/count.ts';
import { say } from './say.ts';

describe('what a screen reader hears', () => {
  const toMe = ({ text }: { readonly text: string }) => text.includes('@me');
  const some = (count: number) => Array.from({ length: count }, (_, i) => say(i));

  it('is each message while few come', () =>
    expect(announcement([say(1, 'Ana', 'hi'), say(2, 'Kofi', 'ho')], 'all', toMe)).toBe('Ana: hi. Kofi: ho'));
  it('is a summary when many come, but for what is said to me', () => {
    expect(announcement(some(200), 'all', toMe)).toBe('200 new messages');
    expect(announcement([...some(200), say(300, 'Ana', '@me hi')], 'all', toMe)).toBe(
      '200 new messages. To you, from Ana: @me hi',
    );
  });
  it('is as little as was chosen', () => {
    expect(announcement(some(3), 'mentions', toMe)).toBeUndefined();
    expect(announcement([say(1, 'Ana', '@me')], 'mentions', toMe)).toMatch(/To you/);
    expect(announcement([say(1, 'Ana', '@me')], 'nothing', toMe)).toBeUndefined();
  });
});

describe('completing a name', () => {
  it('begins after an @ at the start of a word', () => {
    expect(typingAt('hi @an', 6)).toEqual({ from: 3, to: 6, start: 'an' });
    expect(typingAt('mail a@an', 9)).toBeUndefined();
    expect(typingAt('hi @an x', 8)).toBeUndefined();
  });
  it('offers those who wrote last first, never oneself', () =>
    expect(matching(['Ana', 'Anton', 'Kofi', 'Ana', 'ANNE', 'Andy'], 'an', 'Andy')).toEqual([
      'ANNE',
      'Ana',
      'Anton',
    ]));
  it('puts the name and a space, and the cursor behind it', () =>
    expect(completed('hi @an there', { from: 3, to: 6, start: 'an' }, 'Ana')).toEqual({
      text: 'hi @Ana there',
      cursor: 8,
    }));
});

describe('the menu of a message', () => {
  const labels = (you: Parameters<typeof menuItems>[0], name: string, role: ChatRole) =>
    menuItems(you, say(1, name, '', role), true).map(({ act }) => act.do);
  const me = (role: ChatRole) => ({ id: 'person-Robin', name: 'Robin', role });

  it('has nothing for strangers, mentions for all, and the own message to delete', () => {
    expect(labels(undefined, 'Ana', 'viewer')).toEqual([]);
    expect(labels(me('viewer'), 'Ana', 'viewer')).toEqual(['mention']);
    expect(labels(me('viewer'), 'Robin', 'viewer')).toEqual(['delete']);
  });
  it('lets moderators act on viewers, not on each other', () => {
    expect(labels(me('moderator'), 'Ana', 'viewer')).toEqual([
      'mention',
      'delete',
      'purge',
      'timeout',
      'timeout',
      'timeout',
      'timeout',
      'ban',
    ]);
    expect(labels(me('moderator'), 'Ana', 'moderator')).toEqual(['mention']);
    expect(labels(me('moderator'), 'Robin', 'moderator')).toEqual(['delete']);
    expect(labels(me('moderator'), 'Ana', 'broadcaster')).toEqual(['mention']);
    expect(labels(me('broadcaster'), 'Ana', 'moderator').slice(0, 2)).toEqual(['mention', 'delete']);
    expect(labels(me('operator'), 'Ana', 'broadcaster').slice(0, 2)).toEqual(['mention', 'delete']);
    expect(labels(me('operator'), 'Ana', 'operator')).toEqual(['mention', 'delete']);
    expect(labels(me('broadcaster'), 'Ana', 'viewer').at(-1)).toBe('moderator');
  });
});

describe('words for people', () => {
  it('say how many watch', () =>
    expect([0, 999, 1_234, 300_000].map(watching)).toEqual([
      '0 watching',
      '999 watching',
      '1.2K watching',
      '300K watching',
    ]));
  it('say how much is shown of a fast chat', () =>
    expect(sampledWords({ left: 1, saidPerS: 400, shownPerS: 50 })).toMatch(/50 of 400 messages a second/));
  it('say how long', () => {
    expect([30, 600, 86_400].map(span)).toEqual(['30 s', '10 min', '24 h']);
    expect([400, 12_000, 245_000].map(left)).toEqual(['in 1 s', 'in 12 s', 'in 4:05']);
  });
  it('stand for every state but the good one', () => {
    expect(statusNotice({ at: 'live' })).toBeUndefined();
    expect(statusNotice({ at: 'waiting', why: 'busy', untilMs: 5 })).toMatchObject({
      tone: 'warn',
      untilMs: 5,
    });
    for (const at of ['resting', 'reconnecting', 'offline'] as const)
      expect(statusNotice({ at })?.text).toBeTruthy();
  });
  it('tell what the staff did', () => {
    const entry = { id: '1', at: 0, by: { personId: 'p', name: 'Moe', role: 'moderator' }, name: 'Ana' };
    expect(
      auditWords({ ...entry, action: { type: 'timeout', personId: 'a', forS: 600 }, reason: 'spam' }),
    ).toBe('put Ana in a timeout for 10 min: spam');
    expect(auditWords({ ...entry, action: { type: 'purge', broadcastId: 'b', personId: 'a' } })).toBe(
      'deleted all messages of Ana.',
    );
  });
  it('tell to what the staff changed the rules', () => {
    const changed = (changes: Readonly<Record<string, unknown>>): string =>
      auditWords({
        id: '1',
        at: 0,
        by: { personId: 'p', name: 'Moe', role: 'moderator' },
        action: { type: 'settings', changes },
      });
    expect(changed({ slowS: 30 })).toBe('changed slow mode to 30 s.');
    expect(changed({ slowS: 0 })).toBe('changed slow mode to off.');
    expect(changed({ followersMin: 1_440 })).toBe('changed who can write to followers of 1 day.');
    expect(changed({ followersMin: 0 })).toBe('changed who can write to all followers.');
    expect(changed({ followersMin: null })).toBe('changed who can write to everybody.');
    expect(changed({ links: 'staff-only' })).toBe('changed who can post links to moderators only.');
    expect(changed({ blockedWords: ['x'] })).toBe('changed blocked words.');
  });
});

describe('blocked words', () => {
  it('are one a line, each once', () =>
    expect(blockedWordsIn(' spoiler \n\nbuy   now\nspoiler')).toEqual({ words: ['spoiler', 'buy now'] }));
  it('say what is wrong with them', () => {
    expect(blockedWordsIn('x').trouble).toMatch(/2 to 60/);
    expect(blockedWordsIn(Array.from({ length: 501 }, (_, i) => `word ${i}`).join('\n')).trouble).toMatch(
      /At most 500/,
    );
  });
});

describe('the emoji to choose from', () => {
  const all = emojiGroups.flatMap(({ emoji }) => emoji);

  it('are each once, with a name, and are what the page takes for emoji', () => {
    expect(new Set(all.map(({ text }) => text)).size).toBe(all.length);
    expect(all.filter(({ text, name }) => name === '' || !parse(text).isOnlyEmoji)).toEqual([]);
    expect(all.length).toBeGreaterThan(180);
  });
  it('are found by their words', () => {
    expect(findEmoji('red heart')[0]?.emoji.map(({ text }) => text)).toEqual(['❤️']);
    expect(findEmoji('nothing like this')).toEqual([]);
  });
});
