import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PublicConfig } from '../../../core/api/types.ts';
import { TableError } from '../../../runtime/store/tables/client.ts';
import { fleetReport } from '../../support/fleet/report.ts';
import { clientId, issuerUrl, startTestApi, type TestApi } from './harness.ts';

const config = { issuer: issuerUrl, clientId };
const said = async (api: TestApi): Promise<PublicConfig> =>
  (await api.ask(null, 'GET', '/api/config')).json<PublicConfig>();

describe('where broadcasters are sent', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi({ config });
  });
  afterAll(() => api.close());

  it('is a name when there is a domain', async () => {
    const named = await startTestApi();
    try {
      expect((await said(named)).rtmpUrl).toBe('rtmp://ingest.test/live');
    } finally {
      await named.close();
    }
  });

  it('is nowhere before the scheduler has said where', async () => {
    expect(await said(api)).toEqual(config);
  });

  it('is else the address of a host of the front set', async () => {
    const now = api.clock.now();
    const report = fleetReport({ hosts: 3, now });
    const lease = await api.fleet.acquireLease({ holder: 'test', now, leaseMs: 60_000 });
    if (lease === undefined) throw new Error('somebody else has the lease');
    await api.fleet.writeReport(report, lease);
    const [ip] = report.plan.figures.front;
    expect(ip).toMatch(/^\d+\./);
    expect((await said(api)).rtmpUrl).toBe(`rtmp://${ip}/live`);
  });

  it('keeps nobody from signing in when the fleet can’t be read', async () => {
    const report = (): Promise<never> => Promise.reject(new TableError('no answer'));
    const blind = await startTestApi((tables) => ({ config, fleet: { ...tables.fleet, report } }));
    try {
      expect(await said(blind)).toEqual(config);
    } finally {
      await blind.close();
    }
  });
});
