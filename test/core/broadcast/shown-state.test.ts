import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shownState } from '../../../core/broadcast/shown-state.ts';
import { lostAfterMs } from '../../../core/broadcast/types.ts';

describe('the state that is shown', () => {
  it('is the stored one while the task is heard', () => {
    expect(shownState({ state: 'live', seenAt: 1_000 }, 1_000 + lostAfterMs)).toBe('live');
    expect(shownState({ state: 'interrupted', seenAt: 1_000 }, 1_000)).toBe('interrupted');
    expect(shownState({ state: 'ended', seenAt: 1_000 }, 1_000)).toBe('ended');
  });

  it('is never live once the task has been silent for too long', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('live' as const, 'interrupted' as const, 'ended' as const),
        fc.nat(),
        fc.integer({ min: lostAfterMs + 1, max: 2 ** 40 }),
        (state, seenAt, silentMs) => {
          const shown = shownState({ state, seenAt }, seenAt + silentMs);
          expect(shown).toBe(state === 'ended' ? 'ended' : 'interrupted');
        },
      ),
    );
  });

  it('is live under a clock that is behind the task’s', () => {
    expect(shownState({ state: 'live', seenAt: 5_000 }, 1_000)).toBe('live');
  });
});
