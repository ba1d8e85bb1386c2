import { expect } from 'vitest';
import { roomPoints, type Fleet } from './fleet.ts';

const { signal } = new AbortController();

/** Everything that AWS has of the fleet belongs together, and nothing is left over (I4). */
export async function expectTidy(fleet: Fleet, hosts: number): Promise<void> {
  const { observer } = fleet.stage;
  const all = await observer.read('hosts', signal);
  const running = all.filter(({ state }) => state === 'running');
  const tasks = (await observer.read('tasks', signal)).filter(({ status }) => status !== 'stopped');
  const addresses = await observer.read('addresses', signal);
  const records = await observer.read('records', signal);
  const targets = await observer.read('targets', signal);
  const group = await observer.read('group', signal);
  expect(running).toHaveLength(hosts);
  expect(group.desired).toBe(hosts);
  expect(running.every(({ isProtected }) => isProtected)).toBe(true);
  expect(new Set(tasks.map(({ hostId }) => hostId))).toEqual(new Set(running.map(({ hostId }) => hostId)));
  expect(tasks).toHaveLength(hosts);
  const ofTasks = new Map(tasks.map(({ slot, hostId }) => [slot, hostId]));
  expect(new Map(addresses.map(({ slot, hostId }) => [slot, hostId]))).toEqual(ofTasks);
  expect(records.slots).toEqual(Object.fromEntries(addresses.map(({ slot, ip }) => [slot, ip])));
  expect(addresses.map(({ ip }) => ip)).toEqual(expect.arrayContaining([...records.front]));
  expect(records.front.length).toBeGreaterThan(0);
  const privateIps = new Map(running.map(({ hostId, privateIp }) => [hostId, privateIp]));
  expect(new Map(targets.map(({ slot, targetId }) => [slot, targetId]))).toEqual(
    new Map(tasks.map(({ slot, hostId }) => [slot, privateIps.get(hostId)])),
  );
  expect(targets).toHaveLength(hosts);
}

const isTidy = async (fleet: Fleet, hosts: number): Promise<boolean> =>
  expectTidy(fleet, hosts).then(
    () => true,
    () => false,
  );

/** Steps until all belongs together; says what does not when it never does. */
async function untilTidy(fleet: Fleet, hosts: number): Promise<void> {
  await fleet
    .until('everything belongs together', () => isTidy(fleet, hosts))
    .catch(async (cause: unknown) => {
      const what = await expectTidy(fleet, hosts).catch(String);
      throw new Error(`${String(what)}\n${String(cause)}`, { cause });
    });
}

const serving = (fleet: Fleet, digest: string): number =>
  fleet.tasks.filter(({ life }) => life.environment['IMAGE_DIGEST'] === digest).length;

/** From nothing to serving, scale out, rollout with a broadcast that goes on, drain, stop, scale in. */
export async function wholeLife(fleet: Fleet): Promise<void> {
  const first = await fleet.stage.stack.release('first');
  await fleet.until('a task serves', () => serving(fleet, first) >= 1);
  await untilTidy(fleet, 1);

  // Demand: the one task is full.
  fleet.tasks[0]?.hold(1000, roomPoints / 1000);
  await fleet.until('another one serves', () => serving(fleet, first) >= 2);
  await untilTidy(fleet, 2);

  // A release. The old task with broadcasts stays for as long as they last.
  const second = await fleet.stage.stack.release('second');
  const old = fleet.tasks.filter(({ shows }) => shows.length > 0);
  old[0]?.hold(1000, 1);
  await fleet.until(
    'only what holds a broadcast is of the old image',
    () => serving(fleet, second) >= 1 && serving(fleet, first) === old.length,
  );
  for (let step = 0; step < 3; step += 1) await fleet.step();
  expect(serving(fleet, first)).toBe(old.length);
  for (const task of old) task.hold(0, 0);
  await fleet.until('nothing is of the old image', () => serving(fleet, first) === 0);

  // No demand: down to the fewest hosts.
  await untilTidy(fleet, 1);
}
