import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createDesk, type DeskOptions } from '../../../containers/chat/join/desk.ts';
import type { Broadcast } from '../../../core/broadcast/types.ts';
import type { Ban } from '../../../core/chat/mode.ts';
import { messageId } from '../../../core/chat/message.ts';
import { platformScope } from '../../../core/chat/store.ts';
import { personIdOf } from '../../../runtime/identity/person.ts';
import { TableError } from '../../../runtime/store/tables/client.ts';
import { broadcastId, channelId } from './harness.ts';

const broadcast = {
  broadcastId,
  channelId,
  ownerId: 'host',
  channelName: 'A channel',
  title: 'A show',
  visibility: 'public',
  state: 'live',
  startedAt: 0,
  session: 1,
  slot: 'in-01',
  taskId: 'task',
  seenAt: 0,
  encoderSeenAt: 0,
  shard: 'a',
} as const satisfies Broadcast;

/** A JWT as far as its expiry is read from it; whether it is good is the verifier's part. */
const tokenUntil = (expS: number): string =>
  ['{}', JSON.stringify({ exp: expS }), 'x'].map((part) => Buffer.from(part).toString('base64url')).join('.');

function openDesk(more: Partial<DeskOptions> = {}) {
  const facts = { nowMs: 0, steppedMs: 0, reads: 0, found: broadcast as Broadcast | undefined, fails: false };
  const desk = createDesk({
    shard: 'a',
    verifier: { verify: async () => ({ subject: 'aiko', groups: [] }) },
    broadcasts: {
      get: async () => {
        facts.reads += 1;
        if (facts.fails) throw new TableError('throttled');
        return facts.found;
      },
    },
    people: { moderators: async () => [], bans: async () => [] },
    now: () => facts.nowMs + facts.steppedMs,
    steady: () => facts.nowMs,
    random: () => 0.5,
    log: pino({ level: 'silent' }),
    ...more,
  });
  return { desk, facts };
}

describe('the desk', () => {
  it('reads a broadcast once for a crowd, and again after three seconds', async () => {
    const { desk, facts } = openDesk();
    await Promise.all(Array.from({ length: 500 }, () => desk.ask({ broadcast: broadcastId })));
    expect(facts.reads).toBe(1);
    // Whatever becomes of the clock of the machine.
    facts.steppedMs = -3_600_000;
    facts.nowMs = 2_999;
    await desk.ask({ broadcast: broadcastId });
    expect(facts.reads).toBe(1);
    facts.nowMs = 3_000;
    await desk.ask({ broadcast: broadcastId });
    expect(facts.reads).toBe(2);
  });

  it('goes on with what it knows for a minute while the tables do not answer', async () => {
    const { desk, facts } = openDesk();
    await desk.ask({ broadcast: broadcastId });
    facts.fails = true;
    facts.nowMs = 59_000;
    expect(await desk.ask({ broadcast: broadcastId })).toMatchObject({ ok: true });
    facts.nowMs = 61_000;
    expect(await desk.ask({ broadcast: broadcastId })).toMatchObject({
      ok: false,
      refusal: { code: 'unavailable', retryAfterMs: 3_000 },
    });
  });

  it('sends those away whose broadcast moves, before the tables say so and after', async () => {
    const { desk, facts } = openDesk();
    await desk.ask({ broadcast: broadcastId });
    desk.moved(broadcastId, '/chat/b/');
    const moved = { ok: false, refusal: { code: 'moved', path: '/chat/b/' } };
    expect(await desk.ask({ broadcast: broadcastId })).toMatchObject(moved);
    facts.found = { ...broadcast, shard: 'b' };
    facts.nowMs = 60_000;
    expect(await desk.ask({ broadcast: broadcastId })).toMatchObject(moved);
    facts.found = broadcast;
    facts.nowMs = 61_000;
    expect(await desk.ask({ broadcast: broadcastId })).toMatchObject({ ok: true });
  });

  it('lets a person in as a viewer while nobody can say who moderates', async () => {
    const { desk } = openDesk({
      people: {
        moderators: () => Promise.reject(new TableError('throttled')),
        bans: () => Promise.reject(new TableError('throttled')),
      },
    });
    expect(await desk.ask({ broadcast: broadcastId, token: tokenUntil(1) })).toMatchObject({
      admitted: { you: { role: 'viewer' } },
    });
  });

  it('says whose ban still holds, here or everywhere, and asks again once somebody is freed', async () => {
    const day = 86_400_000;
    const id = personIdOf('aiko');
    const banned = (until?: number): Ban => ({
      personId: id,
      name: 'Aiko',
      by: 'Host',
      at: 0,
      ...(until === undefined ? {} : { until }),
    });
    const bans = new Map<string, readonly Ban[]>();
    const { desk, facts } = openDesk({
      people: { moderators: async () => [], bans: async (scope) => bans.get(scope) ?? [] },
    });
    const join = async () => {
      facts.nowMs += 10_000;
      const decision = await desk.ask({ broadcast: broadcastId, token: tokenUntil(day) });
      return decision.ok ? decision.admitted.ban : decision;
    };
    expect(await join()).toBeUndefined();
    bans.set(channelId, [banned(day)]);
    expect(await join()).toEqual({ until: day });
    bans.set(platformScope, [banned()]);
    expect(await join()).toEqual({});
    bans.clear();
    desk.freed(channelId);
    facts.nowMs -= 10_000;
    expect(await join()).toBeUndefined();
  });

  it('does not go on from a message that no clock can have given', async () => {
    const { desk } = openDesk();
    const ask = async (after: string) => {
      const decision = await desk.ask({ broadcast: broadcastId, after });
      return decision.ok && decision.admitted.after;
    };
    expect(await ask(messageId(50_000_000))).toBe(messageId(50_000_000));
    expect(await ask('9'.repeat(16))).toBeUndefined();
  });

  it.each([
    undefined,
    null,
    [],
    'x',
    {},
    { broadcast: 1 },
    { broadcast: 'x' },
    { broadcast: broadcastId, after: '1' },
    { broadcast: broadcastId, token: {} },
    { broadcast: broadcastId, token: 'x'.repeat(9_000) },
  ])('takes %j for no request', async (said) => {
    expect(await openDesk().desk.ask(said)).toMatchObject({ refusal: { code: 'bad-request' } });
  });
});
