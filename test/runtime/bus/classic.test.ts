import { describe, expect, it } from 'vitest';
import { Ear, untilTrue, useShard } from './shard.ts';

// As a server before Redis 7: it knows neither of the two.
const shard = useShard({ config: ['rename-command SPUBLISH ""', 'rename-command SSUBSCRIBE ""'] });

describe('a server without sharded publications', () => {
  it('carries messages, controls and orders all the same, also over a new connection', async () => {
    const broadcastId = await shard.warm();
    const fanIn = shard.openFanIn();
    const ear = new Ear();
    const orders: unknown[] = [];
    fanIn.onOrder((order) => orders.push(order));
    await fanIn.subscribe({ broadcastId, channelId: 'c' }, ear);
    const first = await shard.post(broadcastId);
    await shard.bus.tell(broadcastId, { type: 'viewers', count: 1 });
    await shard.bus.order({ type: 'drill', share: 0.5 });
    await untilTrue(
      'heard',
      () => ear.heard.length === 1 && ear.controls.length === 1 && orders.length === 1,
    );
    await shard.redis.restart();
    await untilTrue('back', () => fanIn.link === 'live');
    await untilTrue('warm', () =>
      shard.warm({ broadcastId }).then(
        () => true,
        () => false,
      ),
    );
    const second = await shard.post(broadcastId);
    await untilTrue('heard', () => ear.heard.length === 2);
    expect(ear.ids).toEqual([first, second]);
    await fanIn.unsubscribe(broadcastId);
    await shard.post(broadcastId);
    expect(ear.heard).toHaveLength(2);
  });
});
