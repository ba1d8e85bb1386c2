import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  proxyLineBytes,
  readProxyLine,
  writeProxyLine,
  type ProxiedConnection,
} from '../../../../containers/ingest/passing/proxy-line.ts';

const read = (text: string) => readProxyLine(Buffer.from(text, 'latin1'));

const port = fc.integer({ min: 0, max: 65_535 });
/** Longer only when IPv4 is written behind it, and no operating system does that in earnest. */
const ipV6 = fc.ipV6().filter((ip) => ip.length <= 39);
const connection: fc.Arbitrary<ProxiedConnection> = fc
  .constantFrom(fc.ipV4(), ipV6)
  .chain((ip) => fc.record({ client: ip, server: ip, clientPort: port, serverPort: port }));

describe('a PROXY line', () => {
  it('is read as the protocol has it', () => {
    expect(read('PROXY TCP4 198.51.100.7 203.0.113.9 50112 1935\r\n\x03rest')).toEqual({
      kind: 'line',
      from: { client: '198.51.100.7', server: '203.0.113.9', clientPort: 50_112, serverPort: 1_935 },
      bytes: 48,
    });
    expect(read('PROXY TCP6 2001:db8::7 2001:db8::9 1 65535\r\n')).toMatchObject({
      kind: 'line',
      from: { client: '2001:db8::7' },
    });
  });

  it.each([
    ['nothing that begins so', '\x03'],
    ['an HTTP request', 'GET / HTTP/1.1\r\n'],
    ['version 2 of the protocol', '\r\n\r\n\x00\r\nQUIT\n'],
    ['an unknown family', 'PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n'],
    ['no address', 'PROXY UNKNOWN\r\n'],
    ['a name', 'PROXY TCP4 localhost 1.2.3.4 1 2\r\n'],
    ['half an address', 'PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n'],
    ['an address of the other family', 'PROXY TCP4 ::1 ::2 1 2\r\n'],
    ['two families', 'PROXY TCP6 ::1 1.2.3.4 1 2\r\n'],
    ['a zone', 'PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n'],
    ['a port too high', 'PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n'],
    ['a port with a zero before it', 'PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n'],
    ['a negative port', 'PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n'],
    ['a port missing', 'PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n'],
    ['something more', 'PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n'],
    ['two spaces', 'PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n'],
    ['no carriage return', 'PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n'],
    ['two carriage returns', 'PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\r\n'],
    ['another protocol in small letters', 'proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n'],
    ['more bytes than the longest has', `PROXY TCP6 ${'0'.repeat(proxyLineBytes)}`],
  ])('is not what has %s', (_, text) => {
    expect(read(text)).toEqual({ kind: 'garbage' });
  });

  it('has room for the longest addresses', () => {
    const long = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
    const line = writeProxyLine({ client: long, server: long, clientPort: 65_535, serverPort: 65_535 });
    expect(line.length).toBeLessThanOrEqual(proxyLineBytes);
    expect(readProxyLine(line)).toMatchObject({ kind: 'line', bytes: line.length });
  });

  it('is not written of what it can not say', () => {
    const good = { client: '1.2.3.4', server: '1.2.3.4', clientPort: 1, serverPort: 2 };
    for (const bad of [
      { client: 'fe80::1%eth0', server: 'fe80::2' },
      { server: '::1' },
      { client: '1.2.3.4\r\n' },
      { clientPort: 65_536 },
    ])
      expect(() => writeProxyLine({ ...good, ...bad })).toThrow(RangeError);
  });

  it('comes back as it was written, whatever follows, and is awaited byte by byte', () => {
    fc.assert(
      fc.property(connection, fc.uint8Array({ maxLength: 200 }), (from, rest) => {
        const line = writeProxyLine(from);
        expect(readProxyLine(Buffer.concat([line, rest]))).toEqual({
          kind: 'line',
          from,
          bytes: line.length,
        });
        for (let length = 0; length < line.length; length += 1)
          expect(readProxyLine(line.subarray(0, length))).toEqual({ kind: 'incomplete' });
      }),
    );
  });

  it('with one byte changed is garbage, awaited further, or still a line of two addresses', () => {
    fc.assert(
      fc.property(connection, fc.nat(), fc.integer({ min: 0, max: 255 }), (from, at, byte) => {
        const line = writeProxyLine(from);
        line[at % line.length] = byte;
        const found = readProxyLine(line);
        if (found.kind === 'line') expect(writeProxyLine(found.from)).toEqual(line.subarray(0, found.bytes));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is decided on at the latest when the longest could be there, whatever comes', () => {
    const bytes = fc.uint8Array({ minLength: proxyLineBytes, maxLength: 300 });
    fc.assert(
      fc.property(fc.boolean(), bytes, (isLike, any) => {
        if (isLike) any.set(Buffer.from('PROXY TCP4 '));
        const found = readProxyLine(any);
        expect(found.kind).not.toBe('incomplete');
        if (found.kind === 'line') expect(found.bytes).toBeLessThanOrEqual(proxyLineBytes);
      }),
    );
  });
});
