import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FleetView } from '../../../core/api/ops.ts';
import { viewFleet } from '../../../core/fleet/view.ts';
import { Refused, Unreachable } from '../../../web/api/ask.ts';
import { createStore, silentAfterMs, type Store } from '../../../web/ops/store.ts';
import { fleetReport } from '../../support/fleet/report.ts';

const start = Date.UTC(2026, 10, 20);

class FakePage extends EventTarget {
  hidden = false;

  show(isShown: boolean): void {
    this.hidden = !isShown;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

let page: FakePage;
let store: Store;
let stop: (() => void) | undefined;
/** Each answer of the API: a view, or what is thrown. */
let answer: () => FleetView;
let asked: number[];
let logAsked: number;

const view = (at = Date.now()): FleetView => viewFleet(fleetReport({ hosts: 20, now: at }));

beforeEach(() => {
  vi.useFakeTimers({ now: start });
  page = new FakePage();
  asked = [];
  logAsked = 0;
  answer = () => view();
  store = createStore({
    api: {
      fleet: async () => {
        asked.push(Date.now() - start);
        return answer();
      },
      decisions: async () => {
        logAsked += 1;
        return { decisions: [] };
      },
      wish: async (_kind, taskId) => ({ requestId: `for-${taskId}` }),
    },
    time: { time: async () => ({ nowMs: Date.now() }) },
    clock: Date,
    random: () => 0.5,
    page,
  });
});
afterEach(() => {
  stop?.();
  stop = undefined;
  vi.useRealTimers();
});

/** Lets time go by; the console begins with the first of it. */
const pass = async (ms: number): Promise<void> => {
  stop ??= store.start();
  await vi.advanceTimersByTimeAsync(ms);
};

describe('the console asks', () => {
  it('every two seconds', async () => {
    await pass(6_500);
    expect(asked).toEqual([0, 2_000, 4_000, 6_000]);
  });

  it('not while nobody sees the page, and at once when it is seen again', async () => {
    await pass(2_500);
    page.show(false);
    await pass(60_000);
    expect(asked).toEqual([0, 2_000]);
    page.show(true);
    await pass(2_500);
    expect(asked).toEqual([0, 2_000, 62_500, 64_500]);
  });

  it('ever later after failures, up to half a minute, and says when', async () => {
    answer = () => {
      throw new Unreachable(new Error('down'));
    };
    await pass(130_000);
    expect(asked).toEqual([0, 4_000, 12_000, 28_000, 58_000, 88_000, 118_000]);
    expect(store.outage.value).toMatchObject({ againAt: start + 148_000, fromApi: false });
    answer = () => view();
    store.tryNow();
    await pass(4_100);
    expect(store.outage.value).toBeUndefined();
    expect(asked.slice(-3)).toEqual([130_000, 132_000, 134_000]);
  });

  it('no more when the person has no right to it, or the token has run out', async () => {
    answer = () => {
      throw new Refused(403, { detail: 'for operators' });
    };
    await pass(30_000);
    expect(asked).toEqual([0]);
    expect(store.hindrance.value).toEqual({ kind: 'forbidden', text: 'for operators' });
  });

  it('for the log only when there was a pass', async () => {
    const only = view();
    answer = () => only;
    await pass(10_000);
    expect(logAsked).toBe(1);
    answer = () => view();
    await pass(2_000);
    expect(logAsked).toBe(2);
  });
});

describe('what is shown', () => {
  it('is the same object until there was a pass, so that nothing is drawn again', async () => {
    const at = Date.now();
    answer = () => view(at);
    await pass(100);
    const first = store.fleet.value;
    await pass(10_000);
    expect(asked.length).toBeGreaterThan(4);
    expect(store.fleet.value).toBe(first);
  });

  it('stays while the API is away, with what the API itself said', async () => {
    await pass(100);
    answer = () => {
      throw new Unreachable(new Error('503'), 'The data can’t be reached right now.');
    };
    await pass(2_000);
    expect(store.fleet.value?.hosts).toHaveLength(20);
    expect(store.outage.value).toMatchObject({ text: 'The data can’t be reached right now.', fromApi: true });
  });

  it('is silent since the last pass when that is older than six of them', async () => {
    const at = Date.now();
    answer = () => view(at);
    await pass(silentAfterMs);
    expect(store.silentSince.value).toBeUndefined();
    await pass(2_000);
    expect(store.silentSince.value).toBe(at);
    answer = () => view();
    await pass(2_000);
    expect(store.silentSince.value).toBeUndefined();
  });

  it('is not called silent because nobody looked', async () => {
    await pass(100);
    page.show(false);
    await pass(10 * silentAfterMs);
    expect(store.silentSince.value).toBeUndefined();
    const at = Date.now() - silentAfterMs - 1;
    answer = () => view(at);
    page.show(true);
    await pass(100);
    expect(store.silentSince.value).toBe(at);
  });

  it('keeps what was picked from pass to pass, and says when it has left', async () => {
    await pass(100);
    const host = store.fleet.value?.hosts.find(({ slot }) => slot === 'in-03');
    store.pick(host);
    expect(store.log.subject.value).toBe(host?.task?.taskId);
    await pass(4_000);
    expect(store.picked.value?.slot).toBe('in-03');
    answer = () => ({ ...view(), hosts: [] });
    await pass(2_000);
    expect(store.picked.value).toBeUndefined();
    expect(store.pickedKey.value).toBeDefined();
  });

  it('remembers a wish that was left', async () => {
    await store.wish('drain', 'task-1', 'why');
    expect(store.wished.value.get('task-1')).toEqual({
      kind: 'drain',
      requestId: 'for-task-1',
      at: start,
    });
  });
});
