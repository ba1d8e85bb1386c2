import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../../../core/environment/read.ts';
import { schedulerEnvironment } from '../../../core/environment/scheduler.ts';

const complete = {
  TABLE_PREFIX: 'tidecast',
  FLEET: 'tidecast',
  CLUSTER: 'tidecast-ingest',
  TASK_FAMILY: 'tidecast-ingest',
  CONTAINER: 'ingest',
  HOST_GROUP: 'tidecast-hosts',
  REPOSITORY: 'tidecast/ingest',
  TARGET_GROUP_PREFIX: 'tidecast',
};

const read = (more: Readonly<Record<string, string>>) =>
  readEnvironment(schedulerEnvironment, { ...complete, ...more });

describe("the scheduler's environment", () => {
  it('needs no domain', () => {
    expect(read({})).toMatchObject({ RELEASE_TAG: 'release', TARGET_PORT: 8935 });
    expect(read({}).ZONE_ID).toBeUndefined();
  });

  it('takes a zone and the name in it together', () => {
    const both = { ZONE_ID: 'Z0123456789ABC', INGEST_DOMAIN: 'ingest.live.example.com' };
    expect(read(both)).toMatchObject(both);
  });

  it.each([{ ZONE_ID: 'Z0123456789ABC' }, { INGEST_DOMAIN: 'ingest.live.example.com' }])(
    'refuses half a domain: %o',
    (half) => {
      expect(() => read(half)).toThrow('INGEST_DOMAIN: ZONE_ID and INGEST_DOMAIN are set together');
    },
  );

  it.each(Object.keys(complete))('needs %s', (name) => {
    expect(() => read({ [name]: '' })).toThrow(`${name}:`);
  });
});
