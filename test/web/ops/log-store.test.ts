import { describe, expect, it } from 'vitest';
import type { DecisionPage } from '../../../core/api/ops.ts';
import type { LoggedDecision } from '../../../core/fleet/ports.ts';
import { createLogStore, withNewest } from '../../../web/ops/log-store.ts';

const line = (at: number): LoggedDecision => ({
  at,
  n: 0,
  action: 'note',
  subject: {},
  reason: 'steady',
  text: String(at),
  outcome: 'note',
});
/** Lines from the first time down to the last. */
const lines = (from: number, to: number): readonly LoggedDecision[] =>
  Array.from({ length: from - to + 1 }, (_, index) => line(from - index));

describe('the newest page', () => {
  const shown = { lines: lines(10, 1), before: 'older' };

  it('goes before what is there where they meet', () => {
    expect(withNewest(shown, { decisions: lines(12, 8), before: 'p' })).toEqual({
      lines: lines(12, 1),
      before: 'older',
    });
  });

  it('changes nothing when it has nothing new', () => {
    expect(withNewest(shown, { decisions: lines(10, 6), before: 'p' })).toBe(shown);
  });

  it('stands alone where lines between are missing', () => {
    expect(withNewest(shown, { decisions: lines(30, 25), before: 'p' })).toEqual({
      lines: lines(30, 25),
      before: 'p',
    });
  });

  it('stands alone when the page would grow without end', () => {
    const long = { lines: lines(600, 1), before: 'older' };
    const newest = { decisions: lines(601, 590), before: 'p' };
    expect(withNewest(long, newest)).toEqual({ lines: lines(601, 590), before: 'p' });
  });

  it('fills a log that was empty', () => {
    expect(withNewest({ lines: [], before: undefined }, { decisions: lines(2, 1) })).toEqual({
      lines: lines(2, 1),
      before: undefined,
    });
  });
});

describe('the log', () => {
  /** An API whose answers the test gives, one by one. */
  const slowApi = () => {
    const waiting: ((page: DecisionPage | Error) => void)[] = [];
    const asked: (string | undefined)[] = [];
    return {
      asked,
      decisions: ({ subject }: { readonly subject?: string | undefined }) => {
        asked.push(subject);
        return new Promise<DecisionPage>((resolve, reject) =>
          waiting.push((page) => (page instanceof Error ? reject(page) : resolve(page))),
        );
      },
      answer: async (page: DecisionPage | Error, index = 0) => {
        const [give] = waiting.splice(index, 1);
        give?.(page);
        await new Promise((resolve) => setImmediate(resolve));
      },
    };
  };

  it('drops an answer about something that is no longer asked for', async () => {
    const api = slowApi();
    const log = createLogStore(api);
    void log.renew();
    log.about('in-01');
    expect(api.asked).toEqual([undefined, 'in-01']);
    await api.answer({ decisions: lines(2, 2) }, 1);
    await api.answer({ decisions: lines(9, 1) });
    expect(log.part.value?.lines).toEqual(lines(2, 2));
  });

  it('loads older ones once at a time, and keeps them when a pass comes between', async () => {
    const api = slowApi();
    const log = createLogStore(api);
    void log.renew();
    await api.answer({ decisions: lines(10, 6), before: 'p' });
    void log.older();
    void log.older();
    expect(api.asked).toHaveLength(2);
    void log.renew();
    await api.answer({ decisions: lines(11, 7), before: 'q' }, 1);
    await api.answer({ decisions: lines(5, 1) });
    expect(log.part.value).toEqual({ lines: lines(11, 1), before: undefined });
    expect(log.loading.value).toBe(false);
  });

  it('says what went wrong and keeps what it has', async () => {
    const api = slowApi();
    const log = createLogStore(api);
    void log.renew();
    await api.answer({ decisions: lines(2, 1) });
    void log.renew();
    await api.answer(new Error('strange'));
    expect(log.trouble.value).toContain('went wrong');
    expect(log.part.value?.lines).toHaveLength(2);
  });
});
