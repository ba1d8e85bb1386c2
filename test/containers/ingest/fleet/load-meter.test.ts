import { describe, expect, it } from 'vitest';
import { LoadMeter } from '../../../../containers/ingest/fleet/load-meter.ts';

describe('the load of a task', () => {
  const at = { nowMs: 0, ownS: 0, transcode: 0, points: 0 };
  const seconds = (meter: LoadMeter, count: number, ownShare: number): void => {
    for (let i = 0; i < count; i += 1) {
      meter.sample();
      at.nowMs += 1000;
      at.ownS += ownShare;
    }
  };
  const meterOf = (cores: number): LoadMeter =>
    new LoadMeter({
      cores,
      nowMs: () => at.nowMs,
      read: () => ({ ownS: at.ownS, transcode: at.transcode, points: at.points }),
    });

  it('is unknown at first, then a share of all cores: its own and that of its ffmpegs', () => {
    const meter = meterOf(4);
    seconds(meter, 5, 0.4);
    expect(meter.measured).toBeUndefined();
    at.transcode = 2.4;
    at.points = 1000;
    seconds(meter, 40, 0.4);
    // 0.4 + 2.4 of four cores.
    expect(meter.measured?.cpu).toBeCloseTo(0.7);
    expect(meter.measured?.points).toBeCloseTo(1000);
  });

  it('looks back thirty seconds, and at what was held in them', () => {
    const meter = meterOf(1);
    at.transcode = 0.9;
    at.points = 3000;
    seconds(meter, 31, 0);
    at.transcode = 0;
    at.points = 0;
    seconds(meter, 15, 0);
    expect(meter.measured?.cpu).toBeCloseTo(0.9 * (16 / 31));
    // In proportion: what a show costs looks the same, although it has gone.
    expect((meter.measured?.cpu ?? 0) / (meter.measured?.points ?? 1)).toBeCloseTo(0.0003);
    seconds(meter, 31, 0);
    expect(meter.measured).toEqual({ cpu: 0, points: 0 });
  });
});
