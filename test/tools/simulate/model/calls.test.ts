import { describe, expect, it } from 'vitest';
import type { Fate } from '../../../../tools/simulate/model/calls.ts';
import { createWorld, type World } from '../../../../tools/simulate/model/world.ts';
import { noon } from './fleet.ts';

const { signal } = new AbortController();
const allocate = { kind: 'allocate-address', slot: 'in-01' } as const;

const newWorld = (): World => createWorld({ seed: 1, now: noon, listsLag: false });

const actWith = async (world: World, fate: Fate): Promise<'answered' | 'failed' | 'silent'> => {
  const connection = world.connect(() => fate);
  const answer = connection.infrastructure.act(allocate, signal).then(
    () => 'answered' as const,
    () => 'failed' as const,
  );
  return Promise.race([answer, connection.crashed.then(() => 'silent' as const)]);
};

describe('the fate of a call', () => {
  it.each([
    ['done', 'answered', 1],
    ['throttled', 'failed', 0],
    ['unreachable', 'failed', 0],
    ['lost', 'failed', 1],
    ['crash-before', 'silent', 0],
    ['crash-after', 'silent', 1],
  ] as const)('%s: its maker hears "%s", and %i address is there', async (fate, heard, count) => {
    const world = newWorld();
    expect(await actWith(world, fate)).toBe(heard);
    expect(world.addresses.read()).toHaveLength(count);
  });

  it('may be slow: then it is done when its maker has long stopped waiting', async () => {
    const world = newWorld();
    const answer = world.connect(() => 'slow').infrastructure.act(allocate, signal);
    world.advance(world.now + 60_000);
    expect(world.addresses.read()).toHaveLength(0);
    world.advance(world.now + 60_000);
    await answer;
    expect(world.addresses.read()).toHaveLength(1);
  });

  it('lets nobody be woken who is dead', async () => {
    const world = newWorld();
    const connection = world.connect(({ n }) => (n === 0 ? 'crash-before' : 'done'));
    let isWoken = false;
    connection.clock.after(1_000, () => {
      isWoken = true;
    });
    void connection.infrastructure.act(allocate, signal);
    await connection.crashed;
    world.advance(world.now + 5_000);
    expect(isWoken).toBe(false);
  });

  it('takes time in which the world goes on', async () => {
    const world = newWorld();
    await world.infrastructure.act(allocate, signal);
    expect(world.now).toBeGreaterThan(noon);
  });
});

describe('lists in the model', () => {
  it('show a change some seconds late', async () => {
    const world = createWorld({ seed: 3, now: noon });
    await world.infrastructure.act(allocate, signal);
    expect(world.addresses.all.size).toBe(1);
    expect(await world.infrastructure.read('addresses', signal)).toHaveLength(0);
    world.advance(world.now + 4_000);
    expect(await world.infrastructure.read('addresses', signal)).toHaveLength(1);
  });

  it('are the same array as long as nothing in them changed', async () => {
    const world = newWorld();
    await world.infrastructure.act(allocate, signal);
    const first = await world.infrastructure.read('addresses', signal);
    expect(await world.infrastructure.read('addresses', signal)).toBe(first);
  });
});
