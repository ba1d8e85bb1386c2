import { ulid } from 'ulid';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PostBus } from '../../../core/chat/bus.ts';
import type { ChatMessage, ChatRole } from '../../../core/chat/message.ts';
import { loadLine } from '../../../core/chat/metrics.ts';
import { defaultPlatformChat, defaultSettings } from '../../../core/chat/mode.ts';
import type { Broadcast, Visibility } from '../../../core/broadcast/types.ts';
import type { Issuer } from '../../../local/issuer/issuer.ts';
import { personIdOf } from '../../../runtime/identity/person.ts';
import type { Tables } from '../../../runtime/store/tables/open.ts';
import type { TestRedis } from '../../support/redis.ts';
import { joinFan as joinAnywhere, type Fan, type FanOptions, until } from './harness.ts';
import { startPrograms, type Programs, type Task } from './programs.ts';

let programs: Programs;
let tables: Tables;
let redis: TestRedis;
let issuer: Issuer;
let one: Task;
let two: Task;
let bus: PostBus;
const fans: Fan[] = [];

const goLive = (visibility?: Visibility, shard?: string): Promise<Broadcast> =>
  programs.goLive(visibility, shard);

/** As the API does: admitted, stored, published. */
async function post(
  { broadcastId, channelId }: Broadcast,
  text: string,
  role: ChatRole = 'broadcaster',
): Promise<ChatMessage> {
  const place = { broadcastId, channelId };
  const personId = personIdOf('somebody');
  const wish = { ...place, personId, role };
  let admission = await bus.admit(wish);
  if (admission.kind === 'cold') {
    await bus.warm({
      ...place,
      settings: defaultSettings,
      platform: defaultPlatformChat,
      bans: [],
      platformBans: [],
      kept: await tables.messages.read(broadcastId, { newest: 500 }),
    });
    admission = await bus.admit(wish);
  }
  if (admission.kind !== 'admitted') throw new Error(`not admitted: ${JSON.stringify(admission)}`);
  const message = { id: admission.id, at: Date.now(), text, by: { id: personId, name: 'Somebody', role } };
  const { failed } = await tables.messages.write(broadcastId, [message]);
  expect(failed).toEqual([]);
  expect(await bus.publish(broadcastId, message)).toBe('published');
  return message;
}

async function joinFan(task: Task, options: FanOptions & { readonly as?: string } = {}): Promise<Fan> {
  const { as, ...more } = options;
  const fan = await joinAnywhere(task.origin, {
    ...more,
    ...(as === undefined ? {} : { auth: { broadcast: options.broadcast, token: await issuer.signFor(as) } }),
  });
  fans.push(fan);
  return fan;
}

const liftLimits = (): Promise<void> => {
  const generous = { perS: 1e6, burst: 1e6 };
  return bus.setLimits({ person: generous, channel: generous, platform: generous, shownPerS: 50 });
};

beforeAll(async () => {
  programs = await startPrograms();
  ({ tables, redis, issuer, bus } = programs);
  [one, two] = await Promise.all([programs.startTask(), programs.startTask()]);
  await liftLimits();
});
afterEach(() => {
  for (const fan of fans.splice(0)) fan.leave();
});
afterAll(() => programs.close());

describe('two chat tasks of a shard', () => {
  it('show the same to everybody, in the same order', async () => {
    const broadcast = await goLive();
    const { broadcastId } = broadcast;
    await post(broadcast, 'before anybody came');
    const here = await joinFan(one, { broadcast: broadcastId });
    const there = await joinFan(two, { broadcast: broadcastId, transports: ['polling', 'websocket'] });
    expect(here.texts()).toEqual(['before anybody came']);
    await Promise.all(Array.from({ length: 60 }, (_, index) => post(broadcast, `post ${index}`)));
    for (const fan of [here, there]) await until(() => expect(fan.texts()).toHaveLength(61));
    expect(there.texts()).toEqual(here.texts());
    const newcomer = await joinFan(two, { broadcast: broadcastId });
    expect(newcomer.texts()).toEqual(here.texts().slice(-50));
  });

  it('know who comes by their token', async () => {
    const { broadcastId, channelId } = await goLive();
    const moderator = personIdOf('mod');
    await tables.chat.addModerator(channelId, { personId: moderator, name: 'Mod', by: 'host', at: 0 });
    const roles = { host: 'broadcaster', operator: 'operator', mod: 'moderator', aiko: 'viewer' };
    for (const [as, role] of Object.entries(roles)) {
      const { joined } = await joinFan(one, { broadcast: broadcastId, as });
      expect(joined[0]?.you).toMatchObject({ id: personIdOf(as), role });
    }
  });

  it('refuse what is not theirs, and say why', async () => {
    const secret = await goLive('private');
    const elsewhere = await goLive('public', 'b');
    const { broadcastId } = await goLive();
    const refusalOf = async (options: FanOptions & { readonly as?: string }): Promise<unknown> =>
      joinFan(one, options).then(
        () => 'joined',
        (error: { data?: unknown }) => error.data,
      );
    expect(await refusalOf({ broadcast: secret.broadcastId })).toMatchObject({ code: 'not-found' });
    expect(await refusalOf({ broadcast: secret.broadcastId, as: 'aiko' })).toMatchObject({
      code: 'not-found',
    });
    expect(await refusalOf({ broadcast: secret.broadcastId, as: 'host' })).toBe('joined');
    expect(await refusalOf({ broadcast: ulid().toLowerCase() })).toMatchObject({ code: 'not-found' });
    expect(await refusalOf({ broadcast: elsewhere.broadcastId })).toMatchObject({
      code: 'moved',
      path: '/chat/b/',
    });
    expect(await refusalOf({ broadcast: '../etc' })).toMatchObject({ code: 'bad-request' });
    const bad = [
      'nonsense',
      await issuer.signFor('aiko', { lifetimeS: -3_600 }),
      `${(await issuer.signFor('aiko')).slice(0, -6)}AAAAAA`,
    ];
    for (const token of bad)
      expect(await refusalOf({ auth: { broadcast: broadcastId, token } })).toMatchObject({
        code: 'bad-token',
      });
    for (const token of bad) expect(one.output()).not.toContain(token.slice(0, 20));
  });

  it('say to the tables that they serve', async () => {
    const { shards, loads } = await tables.shards.list();
    expect(shards).toEqual([{ shard: 'a', redisUrl: redis.url, state: 'open' }]);
    expect(loads.filter(({ shard, capacity }) => shard === 'a' && capacity === 8_000)).toHaveLength(2);
  });

  it('bring what a moderator does, to all and to one', async () => {
    const broadcast = await goLive();
    const place = { broadcastId: broadcast.broadcastId, channelId: broadcast.channelId };
    const here = await joinFan(one, { broadcast: place.broadcastId });
    const aiko = await joinFan(two, { broadcast: place.broadcastId, as: 'aiko' });
    const bad = await post(broadcast, 'bad');
    await until(() => expect(here.texts()).toEqual(['bad']));
    await bus.remove(place.broadcastId, [bad.id]);
    for (const fan of [here, aiko])
      await until(() => expect(fan.controls).toContainEqual({ type: 'delete', ids: [bad.id] }));
    await bus.tell(place.broadcastId, { type: 'standing', state: 'free' }, personIdOf('aiko'));
    await until(() => expect(aiko.controls).toContainEqual({ type: 'standing', state: 'free' }));
    expect(here.controls).not.toContainEqual({ type: 'standing', state: 'free' });
  });

  it('keep their viewers while Redis is away, say so, and go on where it stopped', async () => {
    const broadcast = await goLive();
    const here = await joinFan(one, { broadcast: broadcast.broadcastId });
    await post(broadcast, 'before');
    await until(() => expect(here.texts()).toEqual(['before']));
    await redis.kill();
    await until(() => expect(here.controls).toContainEqual({ type: 'link', link: 'reconnecting' }));
    await redis.restart();
    await until(liftLimits);
    await until(() => expect(here.controls.at(-1)).toEqual({ type: 'link', link: 'live' }));
    await post(broadcast, 'after');
    await until(() => expect(here.texts()).toEqual(['before', 'after']));
    expect(here.socket.connected).toBe(true);
  });

  it('take over from one that is killed while much is said: nothing is lost, nothing comes twice', async () => {
    const broadcast = await goLive();
    const { broadcastId } = broadcast;
    const third = await programs.startTask();
    const victim = await joinFan(third, { broadcast: broadcastId });
    const witness = await joinFan(one, { broadcast: broadcastId });
    const silence = new AbortController();
    const talk = (async () => {
      let n = 0;
      for (; !silence.signal.aborted || n < 40; n += 1) await post(broadcast, `post ${n}`);
      return n;
    })();
    await until(() => expect(victim.texts().length).toBeGreaterThan(5)).catch((error: unknown) => {
      silence.abort();
      throw error;
    });
    third.child.kill('SIGKILL');
    await until(() => expect(victim.socket.connected).toBe(false));
    const after = victim.batches.at(-1)?.messages.at(-1)?.id as string;
    const back = await joinFan(two, { broadcast: broadcastId, after });
    silence.abort();
    const posted = await talk;
    await until(() => expect(witness.texts()).toHaveLength(posted));
    await until(() => expect([...victim.texts(), ...back.texts()]).toEqual(witness.texts()));
  });

  it('say how many people they have in the line that a metric is made of', () => {
    const lines = one
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    expect(lines.find(({ msg }) => msg === loadLine)).toMatchObject({
      sockets: expect.any(Number) as number,
      shard: 'a',
    });
  });

  it('leave one behind that is told to go, and nobody misses anything', async () => {
    const broadcast = await goLive();
    const { broadcastId } = broadcast;
    const third = await programs.startTask();
    const fan = await joinFan(third, { broadcast: broadcastId });
    await post(broadcast, 'first');
    await until(() => expect(fan.texts()).toEqual(['first']));
    third.child.kill('SIGTERM');
    await until(() => expect(fan.controls.map(({ type }) => type)).toContain('leave'));
    await post(broadcast, 'on the way');
    const after = fan.batches.at(-1)?.messages.at(-1)?.id as string;
    const back = await joinFan(two, { broadcast: broadcastId, after });
    expect(back.histories[0]?.from).toBe('after');
    await until(() => expect(back.texts()).toEqual(['on the way']));
    const [code] = await third.exit;
    expect(code).toBe(0);
  });
});
