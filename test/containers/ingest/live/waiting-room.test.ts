import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WaitingRoom, type WaitOutcome } from '../../../../containers/ingest/live/waiting-room.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface Room {
  readonly room: WaitingRoom;
  readonly told: string[];
  readonly ready: Set<string>;
  readonly wait: (key: string, name: string) => () => void;
}

function room(): Room {
  const waiting = new WaitingRoom(6000);
  const told: string[] = [];
  const ready = new Set<string>();
  const wait = (key: string, name: string): (() => void) =>
    waiting.wait(
      key,
      () => ready.has(key),
      (outcome: WaitOutcome) => told.push(`${name} ${outcome}`),
    );
  return { room: waiting, told, wait, ready };
}

describe('a waiting room', () => {
  it('tells all of a group, once, in the order in which they came', () => {
    const { room: waiting, told, wait, ready } = room();
    wait('7.1', 'a');
    wait('7.1', 'b');
    wait('7.2', 'c');
    ready.add('7.1');
    waiting.wake();
    waiting.wake();
    expect([told, waiting.size]).toEqual([['a ready', 'b ready'], 1]);
  });

  it('has one timer for a group, however many wait', () => {
    const { room: waiting, told, wait } = room();
    for (let viewer = 0; viewer < 1000; viewer += 1) wait('7.1', String(viewer));
    expect([vi.getTimerCount(), waiting.size]).toEqual([1, 1000]);
    vi.advanceTimersByTime(6000);
    expect([told.length, told[0], waiting.size, vi.getTimerCount()]).toEqual([1000, '0 timeout', 0, 0]);
  });

  it('forgets those who leave, and the timer with the last of them', () => {
    const { room: waiting, told, wait, ready } = room();
    const leave = [wait('7.1', 'a'), wait('7.1', 'b')];
    leave[0]?.();
    expect([waiting.size, vi.getTimerCount()]).toEqual([1, 1]);
    leave[1]?.();
    leave[1]?.();
    expect([waiting.size, vi.getTimerCount()]).toEqual([0, 0]);
    ready.add('7.1');
    waiting.wake();
    expect(told).toEqual([]);
  });

  it('does not confuse a group with a later one of the same name', () => {
    const { room: waiting, told, wait, ready } = room();
    const leave = wait('7.1', 'a');
    ready.add('7.1');
    waiting.wake();
    ready.clear();
    wait('7.1', 'b');
    leave();
    expect(waiting.size).toBe(1);
    vi.advanceTimersByTime(6000);
    expect(told).toEqual(['a ready', 'b timeout']);
  });

  it('lets a waiter that is told wait for the next thing at once', () => {
    const { room: waiting, told, wait, ready } = room();
    ready.add('7.1');
    waiting.wait(
      '7.1',
      () => ready.has('7.1'),
      () => wait('7.2', 'again'),
    );
    waiting.wake();
    expect([told, waiting.size]).toEqual([[], 1]);
    waiting.dispose();
    expect([told, waiting.size, vi.getTimerCount()]).toEqual([['again gone'], 0, 0]);
  });
});
