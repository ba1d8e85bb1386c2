import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { apiEnvironment } from '../../../core/environment/api.ts';
import { ingestEnvironment } from '../../../core/environment/ingest.ts';
import { EnvironmentError, readEnvironment } from '../../../core/environment/read.ts';

const ingest = {
  TABLE_PREFIX: 'tidecast-local',
  TASK_ID: 'task-1',
  SLOT: 'in-01',
  OBJECT_STORE: 'file:///tmp/store',
  SPOOL_DIR: '/tmp/spool',
};

const api = {
  TABLE_PREFIX: 'tidecast-local',
  OBJECT_STORE: 's3://bucket/prefix',
  OIDC_ISSUER: 'https://issuer.example',
  OIDC_CLIENT_ID: 'web',
  RTMP_URL: 'rtmp://ingest.example/live',
  PUBLIC_URL: 'https://live.example',
  COOKIE_KEY_FILE: '/run/key.pem',
  COOKIE_KEY_PAIR_ID: 'K2',
};

function messageOf(contract: z.ZodType, variables: Record<string, string | undefined>): string {
  try {
    readEnvironment(contract, variables);
  } catch (error) {
    expect(error).toBeInstanceOf(EnvironmentError);
    return (error as Error).message;
  }
  throw new Error('it was accepted');
}

describe('readEnvironment', () => {
  test('gives numbers as numbers and fills in defaults', () => {
    const read = readEnvironment(ingestEnvironment, { ...ingest, RTMP_PORT: '2000', PATH: '/bin' });
    expect(read).toMatchObject({ SLOT: 'in-01', RTMP_PORT: 2000, HTTP_PORT: 8935, GRACE_WINDOW_S: 60 });
    expect(read).not.toHaveProperty('PATH');
  });

  test('a variable that is set to nothing is not set', () => {
    const read = readEnvironment(ingestEnvironment, { ...ingest, HTTP_PORT: '', LADDER: '', FFMPEG: '' });
    expect(read).toMatchObject({ HTTP_PORT: 8935, FFMPEG: 'ffmpeg' });
    expect(read.LADDER).toBeUndefined();
    expect(messageOf(ingestEnvironment, { ...ingest, SLOT: '' })).toMatch(/SLOT: /);
  });

  test('a task without a fleet has a place in it all the same, and its CPU band must be one', () => {
    expect(readEnvironment(ingestEnvironment, ingest)).toMatchObject({
      HOST_ID: 'local',
      IMAGE_DIGEST: 'none',
      HEARTBEAT_S: 5,
      ROOM_POINTS: 4000,
      DRAIN_DEADLINE_S: 93_600,
    });
    expect(messageOf(ingestEnvironment, { ...ingest, CPU_HIGH: '0.95' })).toMatch(/CPU_HIGH: must lie/);
    expect(messageOf(ingestEnvironment, { ...ingest, CPU_CEILING: '70' })).toMatch(/CPU_CEILING: /);
    expect(messageOf(ingestEnvironment, { ...ingest, FRONT_URL: 'http://x/live' })).toMatch(/FRONT_URL: /);
  });

  test('names every variable that is missing or bad, not only the first', () => {
    const message = messageOf(apiEnvironment, {
      ...api,
      OIDC_ISSUER: 'nonsense',
      RTMP_URL: 'http://x',
      PUBLIC_URL: undefined,
    });
    for (const name of ['OIDC_ISSUER', 'RTMP_URL', 'PUBLIC_URL']) expect(message).toContain(`  ${name}: `);
    expect(message.split('\n')).toHaveLength(4);
  });

  test('the key for signed cookies comes as itself or as a file, and never as neither or both', () => {
    const { COOKIE_KEY_FILE, ...rest } = api;
    const pem = '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n';
    expect(readEnvironment(apiEnvironment, { ...rest, COOKIE_KEY: pem })).toMatchObject({ COOKIE_KEY: pem });
    expect(readEnvironment(apiEnvironment, api)).toMatchObject({ COOKIE_KEY_FILE });
    expect(messageOf(apiEnvironment, rest)).toContain('COOKIE_KEY: set exactly one');
    expect(messageOf(apiEnvironment, { ...api, COOKIE_KEY: pem })).toContain('COOKIE_KEY: set exactly one');
    expect(messageOf(apiEnvironment, { ...rest, COOKIE_KEY: 'a file name' })).toContain('as PEM');
    expect(messageOf(apiEnvironment, { ...rest, OIDC_ISSUER: 'nonsense' })).toContain('COOKIE_KEY: ');
  });

  test.each([
    ['HTTP_PORT', '65536'],
    ['HTTP_PORT', '-1'],
    ['HTTP_PORT', '80.5'],
    ['HTTP_PORT', 'http'],
    ['SLOT', 'in 01'],
    ['SLOT', '../x'],
    ['TASK_ID', 'a/b'],
    ['TABLE_PREFIX', 'a b'],
    ['OBJECT_STORE', '/tmp/store'],
    ['OBJECT_STORE', 'http://bucket'],
    ['X264_PRESET', 'placebo'],
    ['GRACE_WINDOW_S', '0'],
    ['SPOOL_MAX_BYTES', '-5'],
    ['LOG_LEVEL', 'loud'],
  ])('refuses %s=%s', (name, value) => {
    expect(messageOf(ingestEnvironment, { ...ingest, [name]: value })).toContain(`  ${name}: `);
  });

  test('says no value in its message: it may be a secret', () => {
    const secret = fc.string({ unit: fc.constantFrom(...'QWXZJK'.split('')), minLength: 8, maxLength: 20 });
    const bad = fc.constantFrom(
      'OBJECT_STORE',
      'OIDC_ISSUER',
      'RTMP_URL',
      'COOKIE_KEY',
      'PUBLIC_URL',
      'MEDIA_URLS',
      'HTTP_PORT',
      'LOG_LEVEL',
    );
    fc.assert(
      fc.property(secret, bad, (value, name) => {
        expect(messageOf(apiEnvironment, { ...api, [name]: value })).not.toContain(value);
      }),
    );
  });
});
