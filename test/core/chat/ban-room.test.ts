import { describe, expect, it } from 'vitest';
import { banRoomOf, hasRoom } from '../../../core/chat/ban-room.ts';
import type { Ban } from '../../../core/chat/mode.ts';
import { platformScope } from '../../../core/chat/store.ts';

const ban = (personId: string, until?: number): Ban => ({
  personId,
  name: 'Troll',
  by: 'Mia',
  at: 1_000,
  ...(until === undefined ? {} : { until }),
});
const room = { lasting: 2, timeouts: 1 };

describe('another ban', () => {
  it('fits while there are fewer than can be kept', () => {
    expect(hasRoom(ban('c'), [ban('a')], room)).toBe(true);
    expect(hasRoom(ban('c'), [ban('a'), ban('b')], room)).toBe(false);
  });

  it('for a time fits beside lasting ones, and they beside it', () => {
    expect(hasRoom(ban('c', 2_000), [ban('a'), ban('b')], room)).toBe(true);
    expect(hasRoom(ban('c'), [ban('a', 2_000), ban('b', 2_000)], room)).toBe(true);
    expect(hasRoom(ban('c', 2_000), [ban('a', 2_000)], room)).toBe(false);
  });

  it('fits in place of one that is over', () => {
    expect(hasRoom(ban('c', 2_000), [ban('a', 1_000)], room)).toBe(true);
  });

  it('of somebody who is banned already always fits', () => {
    expect(hasRoom(ban('a'), [ban('a'), ban('b')], room)).toBe(true);
    expect(hasRoom(ban('a', 3_000), [ban('a', 2_000)], room)).toBe(true);
  });

  it('of the whole platform has less room than one of a channel', () => {
    expect(banRoomOf(platformScope).lasting).toBeLessThan(banRoomOf('a channel').lasting);
  });
});
