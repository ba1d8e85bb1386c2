import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Inquiries } from '../../../web/watch/inquiries.ts';

describe('inquiries', () => {
  const asked: string[] = [];
  let answer: () => void;
  let inquiries: Inquiries<string>;

  beforeEach(() => {
    vi.useFakeTimers();
    asked.length = 0;
    inquiries = new Inquiries({
      ask: (question) => {
        asked.push(question);
        return new Promise((resolve) => {
          answer = resolve;
        });
      },
      stopwatch: { now: () => Date.now() },
      minGapMs: 1_000,
    });
  });
  afterEach(() => vi.useRealTimers());

  const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

  it('asks once, after the wait', async () => {
    inquiries.plan('a', 500);
    await pass(499);
    expect(asked).toEqual([]);
    await pass(10_000);
    expect(asked).toEqual(['a']);
  });

  it('takes the newest plan only', async () => {
    inquiries.plan('regular', 500);
    inquiries.plan('urgent', 0);
    await pass(10_000);
    expect(asked).toEqual(['urgent']);
  });

  it('never asks twice within the gap', async () => {
    inquiries.plan('a', 0);
    await pass(0);
    answer();
    await pass(0);
    inquiries.plan('b', 0);
    await pass(999);
    expect(asked).toEqual(['a']);
    await pass(1);
    expect(asked).toEqual(['a', 'b']);
  });

  it('keeps one question under way, and one line of questions after it', async () => {
    inquiries.plan('a', 0);
    await pass(5_000);
    inquiries.plan('b', 0);
    inquiries.plan('c', 0);
    await pass(5_000);
    expect(asked).toEqual(['a']);
    answer();
    await pass(5_000);
    expect(asked).toEqual(['a', 'c']);
    answer();
    await pass(60_000);
    expect(asked).toEqual(['a', 'c']);
  });

  it('asks nothing more once stopped', async () => {
    inquiries.plan('a', 0);
    await pass(0);
    inquiries.plan('b', 0);
    inquiries.stop();
    answer();
    await pass(0);
    inquiries.plan('c', 0);
    await pass(60_000);
    expect(asked).toEqual(['a']);
  });
});
