import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defaultLimits } from '../../../core/chat/limits.ts';
import { shards } from './chat.ts';
import { tidecast, tidecastHere } from './command.ts';
import { broadcastIds } from './fleet.ts';
import { startInstallation, type Installation } from './installation.ts';

let installation: Installation;
beforeAll(async () => {
  installation = await startInstallation();
  installation.openLocalDoor();
});
afterAll(() => installation.close());
beforeEach(() => {
  installation.asked.length = 0;
  installation.limits = defaultLimits;
});

const at = (...args: readonly string[]) => tidecastHere(installation, args);
const local = (...args: readonly string[]) => tidecast([...args, '--data', installation.data]);
const calls = (): readonly string[] => installation.asked.map(({ method, path }) => `${method} ${path}`);

describe('tidecast shards', () => {
  it('shows each shard with its load, and what is wrong with it', async () => {
    const { code, out } = await at('shards');
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.trimEnd())).toEqual([
      '3 shards, 6,774 sockets; asked for 1,234 posts/s of 2,000 (tidecast limits)',
      '',
      'SHARD  STATE                      TASKS  SOCKETS  LOAD  POSTS/S  REDIS',
      'a      open                           2    6,774  42 %    1,234  redis://127.0.0.1:7001',
      'b      closed, its Redis is away      2        0   0 %           redis://127.0.0.1:7002',
      'c      open, no task serves           0        0              0  redis://127.0.0.1:7003',
      '',
    ]);
  });

  it('gives programs all that the API says', async () => {
    const { out } = await at('shards', '--json');
    expect(JSON.parse(out)).toEqual({ limits: defaultLimits, shards });
  });

  it('closes and opens', async () => {
    expect(await at('shards', 'close', 'a')).toMatchObject({ code: 0, err: '' });
    expect(await at('shards', 'open', 'a')).toMatchObject({ code: 0, err: '' });
    expect(calls()).toEqual(['POST /api/ops/chat/shards/a/close', 'POST /api/ops/chat/shards/a/open']);
  });

  it('moves broadcasts, to where they are told or to wherever there is room', async () => {
    const { out } = await at('shards', 'move', 'a', '--to', 'c');
    expect(out).toContain(`${broadcastIds.race} → c`);
    expect((await at('shards', 'move', 'a', '--json')).out).toContain('"to": "b"');
    expect(installation.asked.map(({ body }) => body)).toEqual([{ to: 'c' }, {}]);
  });

  it.each(['close', 'open', 'move'])(
    'fails to %s a shard that is not there, and says which are',
    async (word) => {
      expect(await at('shards', word, 'z')).toMatchObject({
        code: 1,
        out: '',
        err: expect.stringContaining('There is no chat shard z. There are: a, b.'),
      });
    },
  );

  it('says that there was nothing to move, which is no failure', async () => {
    expect(await at('shards', 'move', 'b')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Shard b has no broadcast that could be moved.'),
    });
  });

  it('adds one on the local platform', async () => {
    expect(await local('shards', 'add', 'c')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Shard c takes viewers'),
    });
    expect(await local('shards', 'add', 'a')).toMatchObject({
      code: 1,
      err: expect.stringContaining('There is a shard a already.'),
    });
  });

  it('removes one on the local platform, after its shows have gone elsewhere', async () => {
    expect(await local('shards', 'remove', 'a', '--to', 'b')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Shard a is gone; 1 broadcast went to others before.'),
    });
    expect(calls()).toEqual(['POST /api/ops/chat/shards/a/close', 'POST /api/ops/chat/shards/a/move']);
  });

  it('says what to do on AWS', async () => {
    const { code, err } = await tidecast(['shards', 'add', 'c', '--url', 'https://tidecast.example']);
    expect(code).toBe(1);
    expect(err).toContain('On AWS');
  });

  it.each([
    [['shards', 'clsoe', 'a'], 'Did you mean tidecast shards close?'],
    [['shards', 'explode', 'a'], 'They can: add, remove, close, open, move.'],
    [['shards', 'constructor', 'a'], "can't be told to"],
    [['shards', 'close'], 'needs the name of a shard'],
    [['shards', 'close', 'A/b'], 'not the name of a shard'],
    [['shards', 'close', 'a', 'b'], "does not know what to do with 'b'"],
    [['shards', 'close', 'a', '--to', 'b'], '--to belongs to'],
    [['shards', 'move', 'a', '--to', '../b'], 'not the name of a shard'],
  ])('%j is wrong usage, and nothing is asked', async (args, said) => {
    const { code, err } = await at(...args);
    expect(err).toContain(said);
    expect(code).toBe(2);
    expect(calls()).toEqual([]);
  });
});

describe('tidecast limits', () => {
  it('shows them', async () => {
    const { code, out } = await at('limits');
    expect(code).toBe(0);
    expect(out).toMatch(/^person +0\.5 +5 /m);
    expect(out).toMatch(/^platform +2,000 +4,000 /m);
    expect(out).toMatch(/^shown +50 +/m);
    expect(calls()).toEqual(['GET /api/ops/chat']);
  });

  it('changes those that are named; a burst that is not named keeps its proportion', async () => {
    const { code, out } = await at(
      'limits',
      '--platform',
      '500',
      '--person',
      '1/3',
      '--shown',
      '30',
      '--json',
    );
    expect(code).toBe(0);
    const changes = { platform: { perS: 500, burst: 1_000 }, person: { perS: 1, burst: 3 }, shownPerS: 30 };
    expect(installation.asked.at(-1)?.body).toEqual(changes);
    expect(JSON.parse(out)).toEqual({ ...defaultLimits, ...changes });
  });

  it.each([
    ['--platform', 'many'],
    ['--platform', '2000/'],
    ['--channel', '0'],
    ['--channel', '1e9'],
    ['--person', '10000000'],
    ['--shown', '0'],
    ['--shown', 'Infinity'],
  ])('%s %s is wrong usage, and nothing is changed', async (option, text) => {
    const { code, err } = await at('limits', option, text);
    expect(code).toBe(2);
    expect(err).toContain(option);
    expect(calls()).toEqual(['GET /api/ops/chat']);
  });
});

describe('tidecast drill disconnect', () => {
  it('cuts a share of all sockets, or of one shard', async () => {
    const { code, out } = await at('drill', 'disconnect', '--share', '0.5');
    expect(code).toBe(0);
    expect(out).toContain(
      'Told to cut 50 % of their sockets:\nShard a: 2 tasks\nShard b: no task heard it\n',
    );
    // As an API says it that does not count.
    const one = await at('drill', 'disconnect', '--share', '1', '--shard', 'b');
    expect(one.out).toContain('Told to cut 100 % of their sockets:\nShard b\n');
    expect(installation.asked.map(({ body }) => body)).toEqual([{ share: 0.5 }, { share: 1, shard: 'b' }]);
  });

  it.each([
    [['drill'], 'needs disconnect'],
    [['drill', 'earthquake', '--share', '1'], "no drill 'earthquake'"],
    [['drill', 'disconnect'], 'say how many'],
    [['drill', 'disconnect', '--share', '0'], 'more than 0'],
    [['drill', 'disconnect', '--share', '1.5'], 'at most 1'],
    [['drill', 'disconnect', '--share', 'half'], 'at most 1'],
  ])('%j is wrong usage, and nothing is cut', async (args, said) => {
    const { code, err } = await at(...args);
    expect(err).toContain(said);
    expect(code).toBe(2);
    expect(calls()).toEqual([]);
  });
});
