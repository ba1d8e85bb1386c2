import { afterEach, describe, expect, it } from 'vitest';
import type { Amf0Value } from '../../../../core/media/flv/amf0.ts';
import type { PublishDecision } from '../../../../containers/ingest/rtmp/types.ts';
import { connectObject, TestClient, text } from './client.ts';
import { goodKey, type Harness, makeCertificate, startHarness } from './harness.ts';

let harness: Harness;
const clients: TestClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.destroy();
  await harness.close();
});

const draining: PublishDecision = {
  accepted: false,
  code: 'NetStream.Publish.BadName',
  description: 'Connect again.',
  reason: 'draining',
  elsewhere: true,
};
const frontUrl = 'rtmp://ingest.example.com/live';

/** Connects with these properties beside the usual ones, and asks to publish. */
async function newcomer(
  properties: readonly (readonly [string, Amf0Value])[],
  options: { readonly port?: number; readonly tls?: boolean } = {},
): Promise<{ readonly client: TestClient; readonly result: readonly Amf0Value[] }> {
  const client = await TestClient.connect(options.port ?? harness.port, options);
  clients.push(client);
  await client.handshake();
  const result = await client.command('connect', new Map([...connectObject(), ...properties]));
  await client.command('createStream', null);
  client.say('publish', null, goodKey, 'live');
  return { client, result };
}

const reconnectRequest = async (client: TestClient): Promise<Amf0Value> => {
  const command = await client.answer(
    ([name, , , info]) =>
      name === 'onStatus' && text(info ?? null, 'code') === 'NetConnection.Connect.ReconnectRequest',
  );
  return command[3] ?? null;
};
const refusedAs = (): readonly string[] =>
  harness.events.flatMap((event) => (event.kind === 'refused' ? [event.reason] : []));

describe('a newcomer that another server would take', () => {
  it('is asked to connect there when it declares that it can, and is refused when it stays', async () => {
    harness = await startHarness({
      frontUrl,
      decide: () => Promise.resolve(draining),
      limits: { reconnectMs: 100 },
    });
    const { client, result } = await newcomer([['capsEx', 0x01]]);
    expect((result[2] as ReadonlyMap<string, Amf0Value>).get('capsEx')).toBe(1);
    const info = await reconnectRequest(client);
    expect(info).toEqual(
      new Map([
        ['tcUrl', frontUrl],
        ['level', 'status'],
        ['code', 'NetConnection.Connect.ReconnectRequest'],
        ['description', 'Connect again.'],
      ]),
    );
    // A status of the connection, not of the stream.
    expect(client.received.findLast(({ type }) => type === 20)?.streamId).toBe(0);
    expect(await client.status((code) => code.startsWith('NetStream'))).toBe('NetStream.Publish.BadName');
    await client.closed;
    expect(refusedAs()).toEqual(['draining']);
  });

  it('goes by itself, and is counted for the same reason', async () => {
    harness = await startHarness({ frontUrl, decide: () => Promise.resolve(draining) });
    const { client } = await newcomer([['capsEx', 0x03]]);
    await reconnectRequest(client);
    client.socket.end();
    await client.closed;
    await harness.close();
    expect(refusedAs()).toEqual(['draining']);
  });

  it.each([
    ['declares nothing', frontUrl, []],
    ['declares other things only', frontUrl, [['capsEx', 0x02] as const]],
    ['declares nonsense', frontUrl, [['capsEx', 'yes'] as const]],
    ['could go, but nowhere is known', undefined, [['capsEx', 0x01] as const]],
  ])('is refused at once when it %s', async (_, url, properties) => {
    harness = await startHarness({
      ...(url === undefined ? {} : { frontUrl: url }),
      decide: () => Promise.resolve(draining),
      limits: { reconnectMs: 60_000 },
    });
    const { client, result } = await newcomer(properties);
    expect((result[2] as ReadonlyMap<string, Amf0Value>).has('capsEx')).toBe(false);
    expect(await client.status()).toBe('NetStream.Publish.BadName');
    expect(refusedAs()).toEqual(['draining']);
  });

  it('is not sent from an encrypted connection to a plain one', async () => {
    harness = await startHarness({
      frontUrl,
      decide: () => Promise.resolve(draining),
      tls: { port: 0, ...makeCertificate() },
    });
    const { client } = await newcomer([['capsEx', 0x01]], { port: harness.server.tlsPort ?? 0, tls: true });
    const info = await reconnectRequest(client);
    expect((info as ReadonlyMap<string, Amf0Value>).has('tcUrl')).toBe(false);
  });

  it('is refused, not sent away, when no server would take it', async () => {
    harness = await startHarness({
      frontUrl,
      decide: () =>
        Promise.resolve({ accepted: false, code: 'NetStream.Publish.Unauthorized', description: 'No.' }),
    });
    const { client } = await newcomer([['capsEx', 0x01]]);
    expect(await client.status()).toBe('NetStream.Publish.Unauthorized');
    expect(refusedAs()).toEqual(['unauthorised']);
  });
});
