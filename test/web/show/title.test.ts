import { expect, it } from 'vitest';
import { titleOf } from '../../../web/show/title.ts';

const untitled = { title: ' ', channelName: 'Harbour Radio', startedAt: Date.UTC(2026, 10, 20, 12) } as const;

it.each([
  [{ ...untitled, title: 'Tonight', state: 'ended' }, 'Tonight'],
  [{ ...untitled, state: 'live' }, 'Harbour Radio live'],
  [{ ...untitled, state: 'interrupted' }, 'Harbour Radio live'],
  [{ ...untitled, state: 'ended' }, 'Harbour Radio, Nov 20, 2026'],
] as const)('%o is called %s', (show, title) => expect(titleOf(show, 'en-US')).toBe(title));
