import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig, type TidecastConfig } from '../../lib/config.ts';
import { profiles } from '../../lib/profiles.ts';

const small = { region: 'ap-northeast-1', profile: 'small' } as const;
const refusal = (given: unknown): string => {
  try {
    readConfig(given);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'taken';
};

describe('the configuration', () => {
  it('needs no more than a region and a profile', () => {
    const settings = readConfig(small);
    expect(settings).toMatchObject({
      name: 'tidecast',
      zones: ['ap-northeast-1a', 'ap-northeast-1c'],
      natGateways: 0,
      domain: undefined,
    });
    expect(settings.ingest.policy).toMatchObject({
      hosts: { min: 1, max: 3, roomPoints: 1_000 },
      addresses: { quota: 5 },
      slots: ['in-01', 'in-02', 'in-03'],
      hasDomain: false,
    });
  });

  it('puts the ingest name before that of a domain', () => {
    const domain = { name: 'live.example.com', zoneId: 'Z0123456789ABC', zoneName: 'example.com' };
    expect(readConfig({ ...small, domain }).domain?.ingestName).toBe('ingest.live.example.com');
    expect(readConfig({ ...small, domain }).ingest.policy.hasDomain).toBe(true);
  });

  it('takes what is set over what the profile says, and nothing else with it', () => {
    const { chat, ingest } = readConfig({
      ...small,
      ingest: { maxHosts: 5, policy: { hosts: { min: 2 } } },
      chat: { shards: ['x', 'y'], minTasks: undefined },
    });
    expect(chat).toMatchObject({
      shards: ['x', 'y'],
      minTasks: 1,
      cpu: profiles.small.chat.cpu,
      polling: true,
    });
    expect(ingest.policy.hosts).toMatchObject({ min: 2, max: 5 });
    expect(ingest.policy.slots).toHaveLength(5);
  });

  it.each<[string, unknown, string]>([
    ['no region', { profile: 'small' }, 'region'],
    [
      'a region that is none',
      { ...small, region: 'tokyo' },
      'must be a region of AWS, like ap-northeast-1 (it is "tokyo")',
    ],
    ['an unknown profile', { ...small, profile: 'huge' }, '(it is "huge")'],
    ['a misspelt setting', { ...small, domian: {} }, 'domian'],
    ['a name with capitals', { ...small, name: 'Tidecast' }, '(it is "Tidecast")'],
    ['an account that is too short', { ...small, account: '1234' }, 'must be the 12 digits'],
    [
      'a zone elsewhere',
      { ...small, zones: ['us-east-1a', 'us-east-1b'] },
      'us-east-1a does not lie in ap-northeast-1',
    ],
    ['one zone', { ...small, zones: ['ap-northeast-1a'] }, 'zones'],
    [
      'a domain outside its zone',
      { ...small, domain: { name: 'live.example.com', zoneId: 'Z0123456789', zoneName: 'example.org' } },
      'live.example.com does not lie in the zone example.org',
    ],
    [
      'an address for a domain',
      { ...small, domain: { name: 'https://a.example.com', zoneId: 'Z0123456789', zoneName: 'example.com' } },
      'must be a host name',
    ],
    [
      'an unknown instance type',
      { ...small, ingest: { instanceType: 't3.nano' } },
      't3.nano is not known: a family of',
    ],
    ['101 hosts', { ...small, ingest: { maxHosts: 101 } }, 'at most 100 hosts'],
    ['a shard twice', { ...small, chat: { shards: ['a', 'a'] } }, 'a shard is named twice'],
    ['a shard with a slash', { ...small, chat: { shards: ['a/b'] } }, '(it is "a/b")'],
    [
      'memory that Fargate does not sell',
      { ...small, api: { cpu: 256, memoryMiB: 4096 } },
      'api.memoryMiB: 4096 does not go with cpu 256: from 512 to 2048',
    ],
    [
      'more tasks at least than at most',
      { ...small, api: { minTasks: 9 } },
      'api.minTasks: 9 is above api.maxTasks (4)',
    ],
    ['a misspelt policy', { ...small, ingest: { policy: { hots: {} } } }, 'ingest.policy'],
    [
      'more hosts than addresses',
      { ...small, ingest: { maxHosts: 20, policy: { hosts: { min: 6 } } } },
      'addresses.quota',
    ],
    [
      'an issuer without TLS',
      { ...small, identity: { issuer: 'http://id.example.com', clientId: 'x' } },
      'identity.issuer',
    ],
    ['nothing', undefined, 'the whole'],
  ])('refuses %s, and says why', (_, given, expected) => {
    expect(refusal(given)).toContain(expected);
  });

  it('says all that is wrong at once', () => {
    const said = refusal({ ...small, region: 'x', alarmEmail: 'nobody', logsKeptDays: 2 });
    for (const name of ['region', 'alarmEmail', 'logsKeptDays']) expect(said).toContain(`  ${name}: `);
  });

  it('never fails but with a ConfigError, whatever stands there', () => {
    fc.assert(
      fc.property(
        fc.record(
          {
            region: fc.constant('eu-west-1'),
            profile: fc.constantFrom('small', 'standard', 'event', 1),
            ingest: fc.jsonValue(),
            chat: fc.jsonValue(),
            zones: fc.jsonValue(),
          },
          { requiredKeys: [] },
        ),
        (given) => {
          expect(typeof refusal(given)).toBe('string');
        },
      ),
    );
  });

  it.each(Object.keys(profiles) as TidecastConfig['profile'][])(
    'profile %s can be used as it is, everywhere',
    (profile) => {
      for (const region of ['ap-northeast-1', 'us-east-1', 'eu-central-1'])
        expect(readConfig({ region, profile }).zones.every((zone) => zone.startsWith(region))).toBe(true);
    },
  );
});
