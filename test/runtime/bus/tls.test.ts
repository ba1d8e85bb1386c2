import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BusError } from '../../../core/chat/bus.ts';
import { openPostBus } from '../../../runtime/bus/post-bus.ts';
import { Ear, noLimits, untilTrue, useShard } from './shard.ts';

// Valid for 127.0.0.1 until 2126, and trusted by nothing but this test.
const pem = (name: string): string => join(import.meta.dirname, 'tls', `${name}.pem`);
const password = 'as-secret-as-it-gets';

const trusted = getCACertificates('default');
beforeAll(() => setDefaultCACertificates([...trusted, readFileSync(pem('certificate'), 'utf8')]));
afterAll(() => setDefaultCACertificates(trusted));

describe('a Redis that speaks TLS only and wants a password, as ElastiCache does', () => {
  const shard = useShard({ password, tls: { certificate: pem('certificate'), key: pem('key') } });

  it('is posted to and heard over TLS', async () => {
    expect(shard.redis.url).toMatch(/^rediss:/);
    const broadcastId = await shard.warm();
    const ear = new Ear();
    await shard.openFanIn().subscribe({ broadcastId, channelId: `channel-of-${broadcastId}` }, ear);
    const id = await shard.post(broadcastId);
    await untilTrue('the post is heard', () => ear.ids.includes(id));
  });

  it('is not talked to in the clear, and not without the password', async () => {
    for (const [url, given] of [
      [shard.redis.url.replace('rediss:', 'redis:'), { password }],
      [shard.redis.url, {}],
    ] as const) {
      const bus = openPostBus({ url, ...given, clock: Date });
      await expect(bus.setLimits(noLimits)).rejects.toThrow(BusError);
      await bus.close();
    }
  });

  it('is not believed when nobody vouches for its certificate', async () => {
    setDefaultCACertificates(trusted);
    const bus = openPostBus({ url: shard.redis.url, password, clock: Date });
    await expect(bus.setLimits(noLimits)).rejects.toThrow(BusError);
    await bus.close();
  });
});
