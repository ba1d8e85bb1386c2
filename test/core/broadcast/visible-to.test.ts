import { expect, it } from 'vitest';
import { isVisibleTo } from '../../../core/broadcast/visible-to.ts';

it.each([
  ['public', undefined, true],
  ['public', 'stranger', true],
  ['unlisted', undefined, true],
  ['private', undefined, false],
  ['private', 'stranger', false],
  ['private', 'owner', true],
] as const)('a %s broadcast is to %s: %s', (visibility, subject, visible) => {
  expect(isVisibleTo({ visibility, ownerId: 'owner' }, subject)).toBe(visible);
});
