import { afterEach, describe, expect, it, vi } from 'vitest';
import type { HeldShow } from '../../../../core/fleet/heartbeat.ts';
import { Door } from '../../../../containers/ingest/fleet/door.ts';
import { Member } from '../../../../containers/ingest/fleet/member.ts';
import { createLogger } from '../../../../runtime/telemetry/log.ts';
import { FakeFleet } from './fake-fleet.ts';

const members: Member[] = [];
afterEach(async () => {
  for (const member of members.splice(0)) await member.stop();
});

function task(everyMs = 3_600_000, relay?: string) {
  const fleet = new FakeFleet();
  const held: HeldShow[] = [];
  const log = createLogger('test', 'silent');
  const errors = vi.spyOn(log, 'error');
  let notices = 0;
  const door = new Door({
    limits: { points: 4000, cpu: { low: 0.5, high: 0.7, ceiling: 0.9 } },
    shows: () => held,
    measured: () => undefined,
  });
  const member = new Member({
    identity: { taskId: 'a', slot: 'in-01', hostId: 'i-1', digest: 'sha256:1' },
    beat: fleet.beat,
    everyMs,
    door,
    cpu: () => 0.25,
    unstoredBytes: () => 7,
    relay: () => relay,
    passing: () => 2,
    onNotices: () => void (notices += 1),
    clock: { now: () => 1_000 },
    log,
  });
  members.push(member);
  const serving = async (): Promise<void> => {
    await member.join();
    await member.serve();
  };
  return { fleet, held, door, member, errors, notices: () => notices, serving };
}

const codes = (member: Member): readonly string[] => member.notices.map(({ code }) => code);

describe('a member of the fleet', () => {
  it('says first that it is there, and takes shows once it was heard that it does', async () => {
    const { fleet, door, member } = task();
    await member.join();
    expect(fleet.last).toEqual({
      taskId: 'a',
      slot: 'in-01',
      hostId: 'i-1',
      digest: 'sha256:1',
      startedAt: 1_000,
      at: 1_000,
      sequence: 1,
      accepting: false,
      full: false,
      phase: 'starting',
      obeys: 0,
      shows: [],
      roomPoints: 4000,
      cpu: 0.25,
      unstoredBytes: 7,
      passing: 2,
    });
    const release = fleet.hold();
    const served = member.serve();
    expect(door.accepting).toBe(true);
    expect(door.isOpen).toBe(false);
    release();
    await served;
    expect(door.isOpen).toBe(true);
    expect(fleet.last).toMatchObject({ sequence: 2, accepting: true, phase: 'serving' });
  });

  it('says where other tasks reach it, when they do', async () => {
    const { fleet, member } = task(3_600_000, '10.0.1.5:1937');
    await member.join();
    expect(fleet.last).toMatchObject({ relay: '10.0.1.5:1937', passing: 2 });
  });

  it('says at once when a show begins or ends, one word after the other, counting', async () => {
    const { fleet, held, member, serving } = task();
    await serving();
    held.push({ broadcastId: 'x', state: 'live', points: 900, startedAt: 5, session: 1 });
    for (let i = 0; i < 10; i += 1) member.changed();
    expect(await fleet.until(({ shows }) => shows.length > 0)).toMatchObject({ shows: held });
    held.pop();
    member.changed();
    await fleet.until(({ shows, sequence }) => shows.length === 0 && sequence > 3);
    expect(fleet.mostAtOnce).toBe(1);
    expect(fleet.stored.map(({ sequence }) => sequence)).toEqual(fleet.stored.map((_, i) => i + 1));
  });

  it('told to expire, goes on and tells its broadcasters', async () => {
    const { fleet, door, member, notices, serving } = task();
    await serving();
    const before = notices();
    fleet.give({ generation: 1, phase: 'expire' });
    member.changed();
    expect(await fleet.until(({ obeys }) => obeys === 1)).toMatchObject({
      accepting: true,
      phase: 'serving',
    });
    expect(door.isOpen).toBe(true);
    expect(codes(member)).toEqual(['server-renewing']);
    expect(notices()).toBeGreaterThan(before);
  });

  it('told to drain, refuses before it says so', async () => {
    const { fleet, door, member, serving } = task();
    await serving();
    fleet.give({ generation: 2, phase: 'drain' });
    let release = (): void => {};
    // The order comes with this answer; the word about it is held back.
    fleet.onStored = ({ sequence }) => {
      if (sequence === 3) release = fleet.hold();
    };
    member.changed();
    await vi.waitFor(() => expect(door.accepting).toBe(false));
    expect(door.isOpen).toBe(false);
    expect(fleet.stored.every(({ obeys }) => obeys === 0)).toBe(true);
    release();
    expect(await fleet.until(({ obeys }) => obeys === 2)).toMatchObject({
      accepting: false,
      phase: 'draining',
    });
  });

  it('told to serve after all, takes shows again once that was heard', async () => {
    const { fleet, door, member, serving } = task();
    await serving();
    fleet.give({ generation: 1, phase: 'drain' });
    member.changed();
    await fleet.until(({ obeys }) => obeys === 1);
    fleet.give({ generation: 2, phase: 'serve' });
    let release = (): void => {};
    fleet.onStored = ({ obeys }) => {
      if (obeys === 1) release = fleet.hold();
    };
    member.changed();
    await vi.waitFor(() => expect(door.accepting).toBe(true));
    expect(door.isOpen).toBe(false);
    fleet.onStored = () => {};
    release();
    expect(await fleet.until(({ obeys }) => obeys === 2)).toMatchObject({
      accepting: true,
      phase: 'serving',
    });
    await vi.waitFor(() => expect(door.isOpen).toBe(true));
    expect(codes(member)).toEqual([]);
  });

  it('told to finish, closes its door and wants to end at once', async () => {
    const { fleet, door, member, serving } = task();
    await serving();
    fleet.give({ generation: 3, phase: 'finish' });
    member.changed();
    await member.finishOrdered;
    expect(door.accepting).toBe(false);
    expect(await fleet.until(({ obeys }) => obeys === 3)).toMatchObject({ accepting: false });
  });

  it('ignores orders that are repeated, older, or for somebody else', async () => {
    const { fleet, door, member, notices, serving } = task();
    await serving();
    fleet.give({ generation: 5, phase: 'drain' });
    member.changed();
    await fleet.until(({ obeys }) => obeys === 5);
    const told = notices();
    for (const order of [
      { generation: 5, phase: 'drain' },
      { generation: 4, phase: 'serve' },
      { generation: 9, phase: 'serve', taskId: 'b' },
    ] as const) {
      fleet.give(order);
      member.changed();
      await fleet.answered();
    }
    expect(fleet.last).toMatchObject({ obeys: 5, accepting: false });
    expect(door.accepting).toBe(false);
    expect(notices()).toBe(told);
  });

  it('obeys an order that was there before it came up', async () => {
    const { fleet, door, member } = task();
    fleet.give({ generation: 1, phase: 'drain' });
    await member.join();
    let served = false;
    void member.serve().then(() => (served = true));
    await fleet.until(({ obeys }) => obeys === 1);
    expect(door.isOpen).toBe(false);
    expect(served).toBe(false);
    fleet.give({ generation: 2, phase: 'serve' });
    member.changed();
    await vi.waitFor(() => expect(served).toBe(true));
    expect(fleet.stored.filter(({ obeys }) => obeys < 2).every(({ accepting }) => !accepting)).toBe(true);
  });

  it('goes on while the table is away, says so once in its log, and obeys what it missed', async () => {
    const { fleet, door, member, errors, serving } = task(5);
    await serving();
    fleet.away = true;
    for (let i = 0; i < 4; i += 1) await fleet.answered();
    expect(door.isOpen).toBe(true);
    expect(errors).toHaveBeenCalledTimes(1);
    expect(member.failures).toBeGreaterThanOrEqual(3);
    fleet.give({ generation: 3, phase: 'drain' });
    fleet.away = false;
    expect(await fleet.until(({ obeys }) => obeys === 3)).toMatchObject({ accepting: false });
  });

  it('draining without a table stays closed, and says so when the table is back', async () => {
    const { fleet, door, member, serving } = task(5);
    await serving();
    fleet.give({ generation: 1, phase: 'drain' });
    await vi.waitFor(() => expect(door.accepting).toBe(false));
    fleet.away = true;
    const { sequence } = fleet.last;
    for (let i = 0; i < 4; i += 1) await fleet.answered();
    expect(door.isOpen).toBe(false);
    fleet.away = false;
    expect(await fleet.until((heartbeat) => heartbeat.sequence > sequence + 2)).toMatchObject({
      obeys: 1,
      accepting: false,
    });
    expect(member.phase).toBe('draining');
  });

  it('is not heard before its first word was stored, however long that takes', async () => {
    const { fleet, door, member } = task(5);
    fleet.away = true;
    let joined = false;
    const joining = member.join().then(() => (joined = true));
    for (let i = 0; i < 3; i += 1) await fleet.answered();
    expect(joined).toBe(false);
    fleet.away = false;
    await joining;
    expect(door.accepting).toBe(false);
  });

  it('leaving by a signal drains, and no order brings it back', async () => {
    const { fleet, door, member, serving } = task();
    await serving();
    member.leave();
    expect(door.accepting).toBe(false);
    expect(await fleet.until(({ phase }) => phase === 'draining')).toMatchObject({
      accepting: false,
      obeys: 0,
    });
    fleet.give({ generation: 1, phase: 'serve' });
    member.changed();
    await fleet.answered();
    fleet.give({ generation: 2, phase: 'drain' });
    member.changed();
    await fleet.until(({ obeys }) => obeys === 2);
    expect(fleet.stored.some(({ obeys }) => obeys === 1)).toBe(false);
    expect(door.accepting).toBe(false);
    member.end();
    expect(await fleet.until(({ phase }) => phase === 'ending')).toMatchObject({ accepting: false });
  });

  it('never lets a word that is under way open what has been closed meanwhile', async () => {
    const { fleet, door, member } = task();
    await member.join();
    const release = fleet.hold();
    void member.serve();
    member.leave();
    release();
    await fleet.until(({ phase }) => phase === 'draining');
    expect(door.isOpen).toBe(false);
    expect(fleet.last.accepting).toBe(false);
  });
});
