import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createDesk, type DeskOptions } from '../../../containers/chat/join/desk.ts';
import { Flights } from '../../../containers/chat/join/flights.ts';
import { knowTokens } from '../../../containers/chat/join/known-tokens.ts';
import type { Broadcast } from '../../../core/broadcast/types.ts';
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
  const facts = { nowMs: 0, reads: 0, found: broadcast as Broadcast | undefined, fails: false };
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
    moderators: { moderators: async () => [] },
    now: () => facts.nowMs,
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
      moderators: { moderators: () => Promise.reject(new TableError('throttled')) },
    });
    expect(await desk.ask({ broadcast: broadcastId, token: tokenUntil(1) })).toMatchObject({
      admitted: { you: { role: 'viewer' } },
    });
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

describe('known tokens', () => {
  it('are checked once until they expire', async () => {
    let nowMs = 0;
    let checks = 0;
    const known = knowTokens(
      {
        verify: async () => {
          checks += 1;
          return { subject: `person ${checks}`, groups: [] };
        },
      },
      () => nowMs,
    );
    const token = tokenUntil(10);
    for (let n = 0; n < 5; n += 1) expect((await known.verify(token)).subject).toBe('person 1');
    await known.verify(tokenUntil(11));
    expect(checks).toBe(2);
    nowMs = 10_000;
    await known.verify(token);
    expect(checks).toBe(3);
  });
});

describe('flights', () => {
  it('keep no more than they may, and nothing that was forgotten while it was read', async () => {
    const answers: ((value: string) => void)[] = [];
    const flights = new Flights<string>({
      read: () => new Promise((resolve) => answers.push(resolve)),
      freshMs: () => 1_000,
      staleMs: 0,
      most: 2,
      now: () => 0,
    });
    const old = flights.get('a');
    flights.forget('a');
    const young = flights.get('a');
    answers[1]?.('new');
    answers[0]?.('old');
    expect(await Promise.all([old, young])).toEqual(['old', 'new']);
    expect(await flights.get('a')).toBe('new');
    for (const key of ['b', 'c']) {
      const asked = flights.get(key);
      answers.at(-1)?.(key);
      await asked;
    }
    expect(await flights.get('c')).toBe('c');
    void flights.get('a');
    expect(answers).toHaveLength(5);
  });
});
