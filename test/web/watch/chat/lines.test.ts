import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  heldTo,
  maxLines,
  noLines,
  withHistory,
  withMessages,
  withoutMessages,
  withoutPerson,
} from '../../../../web/watch/chat/lines.ts';
import { say, texts } from './say.ts';

const many = (from: number, count: number) => Array.from({ length: count }, (_, i) => say(from + i));
const ids = (lines: { readonly messages: readonly { readonly id: string }[] }) =>
  lines.messages.map(({ id }) => id);

describe('the lines of a chat', () => {
  it('are in the order of their ids, each once, however the messages come in', () =>
    fc.assert(
      fc.property(fc.array(fc.array(fc.integer({ min: 1, max: 60 }))), (batches) => {
        const lines = batches.reduce(
          (now, batch) =>
            withMessages(
              now,
              batch.map((n) => say(n)),
            ),
          noLines,
        );
        const wanted = [...new Set(batches.flat())].toSorted((a, b) => a - b);
        expect(texts(lines.messages)).toEqual(wanted.map((n) => `at ${n}`));
      }),
    ));

  it('stay as they are when nothing new comes', () => {
    const lines = withMessages(noLines, many(1, 5));
    expect(withMessages(lines, many(2, 3))).toBe(lines);
  });

  it('never bring back what was removed, whichever comes first', () =>
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 20 })),
        fc.array(fc.integer({ min: 1, max: 20 })),
        (said, gone) => {
          const messages = said.map((n) => say(n));
          const removed = gone.map((n) => say(n).id);
          const before = withMessages(withoutMessages(noLines, removed), messages);
          const after = withMessages(withoutMessages(withMessages(noLines, messages), removed), messages);
          expect(ids(before)).toEqual(ids(after));
          expect(ids(after).some((id) => removed.includes(id))).toBe(false);
        },
      ),
    ));

  it('lose all of a person until the given id, and keep what they say afterwards', () => {
    const lines = withMessages(noLines, [say(1, 'Troll'), say(2, 'Ana'), say(3, 'Troll'), say(5, 'Troll')]);
    const purged = withoutPerson(lines, 'person-Troll', say(4).id);
    expect(texts(purged.messages)).toEqual(['at 2', 'at 5']);
    expect(texts(withMessages(purged, [say(4, 'Troll'), say(6, 'Troll')]).messages)).toEqual([
      'at 2',
      'at 5',
      'at 6',
    ]);
  });

  it('are never more than the page can bear', () => {
    const lines = withMessages(noLines, many(1, maxLines * 3));
    expect(lines.messages).toHaveLength(maxLines);
    expect(lines.messages.at(-1)?.text).toBe(`at ${maxLines * 3}`);
  });

  it('keep the place that somebody reads, and say where something is missing', () => {
    const read = heldTo(withMessages(noLines, many(1, 100)), say(100).id);
    const later = Array.from({ length: 10 }, (_, i) => many(101 + i * 200, 200)).reduce(withMessages, read);
    expect(texts(later.messages).slice(0, 100)).toEqual(texts(many(1, 100)));
    expect(later.messages.length).toBe(100 + maxLines);
    expect([...later.gaps]).toEqual([later.messages[100]?.id]);
    const back = heldTo(later, undefined);
    expect(back.messages).toHaveLength(maxLines);
    expect(back.messages.at(-1)?.text).toBe('at 2100');
  });

  it('know the beginning of the chat, and a hole after a long absence', () => {
    const start = withHistory(noLines, { messages: many(1, 5), from: 'start' });
    expect([start.whole, start.gaps.size]).toEqual([true, 0]);
    const resumed = withHistory(start, { messages: many(6, 3), from: 'after' });
    expect([resumed.messages.length, resumed.gaps.size]).toEqual([8, 0]);
    const late = withHistory(resumed, { messages: many(500, 50), from: 'middle' });
    expect([...late.gaps]).toEqual([say(500).id]);
    expect(late.messages).toHaveLength(58);
  });

  it('show no hole where the history reaches back into what is known', () =>
    expect(
      withHistory(withMessages(noLines, many(1, 60)), { messages: many(50, 50), from: 'middle' }).gaps.size,
    ).toBe(0));
});
