import { describe, expect, it } from 'vitest';
import type { HeldShow } from '../../../../core/fleet/heartbeat.ts';
import type { MeasuredLoad } from '../../../../core/fleet/room.ts';
import { Door, type Entry } from '../../../../containers/ingest/fleet/door.ts';

const show = (broadcastId: string, points = 1000): HeldShow => ({
  broadcastId,
  state: 'live',
  points,
  startedAt: 1,
  session: 3,
});

function doorOf(held: HeldShow[], measured: () => MeasuredLoad | undefined = () => undefined): Door {
  return new Door({
    limits: { points: 2000, cpu: { low: 0.5, high: 0.7, ceiling: 0.9 } },
    shows: () => held,
    measured,
  });
}

function opened(door: Door): Door {
  door.open();
  door.confirm(door.epoch);
  return door;
}

const newcomer = (newId: string): Parameters<Door['enter']>[0] => ({ own: undefined, newId, at: 5 });
function admitted(entry: Entry): Extract<Entry, { readonly kind: 'admitted' }> {
  if (entry.kind !== 'admitted') throw new Error(`refused: ${entry.why}`);
  return entry;
}

describe('the door', () => {
  it('lets nobody in before a heartbeat that says so was stored', () => {
    const door = doorOf([]);
    expect(door.enter(newcomer('n'))).toEqual({ kind: 'refused', why: 'draining' });
    door.open();
    expect(door.accepting).toBe(true);
    expect(door.enter(newcomer('n'))).toEqual({ kind: 'refused', why: 'draining' });
    door.confirm(door.epoch);
    expect(door.enter(newcomer('n'))).toMatchObject({ kind: 'admitted', only: undefined });
  });

  it('is not opened by a heartbeat from before it was closed, even when it is to open again', () => {
    const door = doorOf([]);
    door.open();
    const spokenOf = door.epoch;
    door.close();
    door.confirm(spokenOf);
    expect(door.isOpen).toBe(false);
    door.open();
    door.confirm(spokenOf);
    expect(door.isOpen).toBe(false);
    door.confirm(door.epoch);
    expect(door.isOpen).toBe(true);
  });

  it('counts who was let in until the show is held, and once only when it is', () => {
    const held: HeldShow[] = [];
    const door = opened(doorOf(held));
    const entry = admitted(door.enter(newcomer('n')));
    door.close();
    expect(door.shows).toEqual([{ broadcastId: 'n', state: 'live', points: 1000, startedAt: 5, session: 1 }]);
    held.push(show('n', 700));
    expect(door.shows).toEqual([show('n', 700)]);
    entry.leave();
    expect(door.usedPoints).toBe(700);
    held.pop();
    expect(door.shows).toEqual([]);
  });

  it('closed, takes back what is held, that one only', () => {
    const own = show('mine');
    const door = opened(doorOf([own]));
    door.close();
    expect(door.enter({ own, newId: 'n', at: 5 })).toMatchObject({ kind: 'admitted', only: 'mine' });
    expect(door.shows).toEqual([own]);
  });

  it('full, refuses newcomers and takes back what is held, which may also begin anew', () => {
    const own = show('mine', 2000);
    const door = opened(doorOf([own]));
    expect(door.full).toBe(true);
    expect(door.enter(newcomer('n'))).toEqual({ kind: 'refused', why: 'full' });
    expect(door.enter({ own, newId: 'n', at: 5 })).toMatchObject({ kind: 'admitted', only: undefined });
  });

  it('counts those who are on their way in: many at once fill it like one after the other', () => {
    const door = opened(doorOf([]));
    const entries = ['a', 'b', 'c', 'd'].map((id) => door.enter(newcomer(id)).kind);
    // 2000 × 0.9 / 0.7 = 2571 points.
    expect(entries).toEqual(['admitted', 'admitted', 'refused', 'refused']);
  });

  it('closes by measured CPU and opens again only well below', () => {
    let cpu = 0.6;
    const door = opened(doorOf([show('x', 500)], () => ({ points: 500, cpu })));
    expect(door.full).toBe(false);
    cpu = 0.91;
    expect(door.full).toBe(true);
    cpu = 0.8;
    expect(door.full).toBe(true);
    cpu = 0.6;
    expect(door.full).toBe(false);
    cpu = 0.8;
    expect(door.roomPoints).toBe(437);
  });
});
