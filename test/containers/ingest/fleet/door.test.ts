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

  it('leads newcomers elsewhere when nobody else fits in inside the band, and not before', () => {
    const held: HeldShow[] = [];
    const door = doorOf(held);
    expect(door.passesOn(5)).toBe(false);
    opened(door);
    expect(door.passesOn(0)).toBe(false);
    // 2000 points: two shows, whether they are held or on their way.
    expect([0, 1, 2].map((arriving) => door.passesOn(arriving))).toEqual([false, false, true]);
    held.push(show('a'));
    expect([0, 1].map((arriving) => door.passesOn(arriving))).toEqual([false, true]);
    held.push(show('b'));
    expect(door.passesOn(0)).toBe(true);
    door.close();
    expect(door.passesOn(5)).toBe(false);
  });

  it('counts who is between the door and the session once among those who arrive', () => {
    const door = opened(doorOf([]));
    const entry = admitted(door.enter(newcomer('n')));
    // The one who arrives is the one who was let in.
    expect(door.passesOn(1)).toBe(false);
    expect(door.passesOn(2)).toBe(true);
    entry.leave();
    expect(door.passesOn(1)).toBe(false);
  });

  it('keeps newcomers while a show is interrupted, up to the ceiling', () => {
    const away: HeldShow = { ...show('away'), state: 'interrupted' };
    const held = [away, show('x', 300)];
    const door = opened(doorOf(held));
    expect(door.passesOn(0)).toBe(false);
    // 2000 × 0.9 / 0.7 = 2571 points.
    expect(door.passesOn(1)).toBe(true);
    held.push(show('y', 300));
    expect(door.passesOn(0)).toBe(true);
    held.splice(0, 2, show('z', 1000));
    expect(door.passesOn(0)).toBe(true);
  });

  it('leads newcomers elsewhere by measured CPU, and takes one on a host that is too small', () => {
    let cpu = 0.71;
    const door = opened(doorOf([show('x', 1000)], () => ({ points: 1000, cpu })));
    expect(door.passesOn(0)).toBe(true);
    cpu = 0.69;
    expect(door.passesOn(0)).toBe(false);
    const small = opened(
      new Door({
        limits: { points: 500, cpu: { low: 0.5, high: 0.7, ceiling: 0.9 } },
        shows: () => [],
        measured: () => undefined,
      }),
    );
    expect(small.passesOn(0)).toBe(false);
    expect(small.passesOn(1)).toBe(true);
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
