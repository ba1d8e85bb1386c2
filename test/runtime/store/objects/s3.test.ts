import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createS3Store } from '../../../../runtime/store/objects/s3.ts';
import { S3Server, type S3Fault } from '../../../fakes/s3-server.ts';
import { objectStoreContract } from './contract.ts';

const headers = { contentType: 'text/plain', cacheControl: 'max-age=1' };
const kilobyte = Buffer.alloc(1_000, 'x');

objectStoreContract(async () => {
  const server = await S3Server.start();
  server.pageSize = 2;
  const store = createS3Store({ bucket: server.bucket, prefix: 'some/prefix', client: server.clientConfig });
  return { store, close: () => server.stop() };
});

describe('S3 store', () => {
  let server: S3Server;
  const open = (overrides = {}): ReturnType<typeof createS3Store> =>
    createS3Store({ bucket: server.bucket, prefix: '', client: { ...server.clientConfig, ...overrides } });
  const failing = (fault: S3Fault): void => {
    server.fault = () => fault;
  };

  beforeAll(async () => {
    server = await S3Server.start();
  });
  afterEach(() => {
    server.fault = () => undefined;
    server.requests.length = 0;
    server.objects.clear();
  });
  afterAll(() => server.stop());

  it('sends a segment in one request, whatever its chunks are', async () => {
    await open().put('one', [kilobyte, Buffer.from('y'), kilobyte], headers);
    expect(server.requests.map(({ method }) => method)).toEqual(['PUT']);
    expect(server.objects.get('one')?.bytes.length).toBe(2_001);
  });

  it('sends what is large in parts', async () => {
    await open().put('large', Array(17).fill(Buffer.alloc(1024 ** 2)), headers);
    expect(server.requests.filter(({ query }) => query.has('partNumber'))).toHaveLength(3);
    expect(server.uploads.size).toBe(0);
  });

  it('drops the parts of an upload that fails', async () => {
    server.fault = ({ query }) =>
      query.get('partNumber') === '2' ? { kind: 'error', status: 403, code: 'AccessDenied' } : undefined;
    const put = open().put('large', Array(17).fill(Buffer.alloc(1024 ** 2)), headers);
    await expect(put).rejects.toMatchObject({ retryable: false });
    expect(server.uploads.size).toBe(0);
    expect(server.objects.size).toBe(0);
  });

  it('stops an upload in parts when told to', async () => {
    const control = new AbortController();
    const held = Promise.withResolvers<void>();
    server.fault = ({ query }) => {
      if (!query.has('partNumber')) return undefined;
      control.abort();
      return { kind: 'delay', until: held.promise };
    };
    const put = open().put('large', Array(17).fill(Buffer.alloc(1024 ** 2)), {
      ...headers,
      signal: control.signal,
    });
    await expect(put).rejects.toMatchObject({ retryable: true });
    held.resolve();
    expect(server.objects.size).toBe(0);
  });

  it.each<readonly [string, S3Fault, boolean]>([
    ['SlowDown', { kind: 'error', status: 503, code: 'SlowDown' }, true],
    ['InternalError', { kind: 'error', status: 500, code: 'InternalError' }, true],
    ['RequestTimeout', { kind: 'error', status: 400, code: 'RequestTimeout' }, true],
    ['a reset', { kind: 'reset' }, true],
    ['a lost reply', { kind: 'lost-reply' }, true],
    ['AccessDenied', { kind: 'error', status: 403, code: 'AccessDenied' }, false],
    ['NoSuchBucket', { kind: 'error', status: 404, code: 'NoSuchBucket' }, false],
  ])('says of %s whether another try can help', async (_, fault, retryable) => {
    failing(fault);
    await expect(open().put('x', [kilobyte], headers)).rejects.toMatchObject({
      name: 'ObjectStoreError',
      retryable,
    });
    await expect(open().get('x')).rejects.toMatchObject({ name: 'ObjectStoreError', retryable });
  });

  it('sends a body once only: whoever has the segment tries again', async () => {
    failing({ kind: 'error', status: 503, code: 'SlowDown' });
    await expect(open().put('x', [kilobyte, kilobyte], headers)).rejects.toThrow();
    expect(server.requests).toHaveLength(1);
  });

  it('tries a read once more', async () => {
    await open().put('x', [kilobyte], headers);
    const faults: S3Fault[] = [{ kind: 'reset' }];
    server.fault = () => faults.pop();
    expect((await open().get('x'))?.bytes.length).toBe(1_000);
  });

  it('does not wait for ever', async () => {
    const held = Promise.withResolvers<void>();
    failing({ kind: 'delay', until: held.promise });
    const store = open({
      maxAttempts: 1,
      requestHandler: { requestTimeout: 50, throwOnRequestTimeout: true },
    });
    await expect(store.put('x', [kilobyte], headers)).rejects.toMatchObject({ retryable: true });
    held.resolve();
  });

  it('is refused when it signs with another secret', async () => {
    const store = open({ credentials: { accessKeyId: 'AKIAFAKE', secretAccessKey: 'wrong' } });
    await expect(store.put('x', [kilobyte], headers)).rejects.toMatchObject({ retryable: false });
    expect(server.objects.size).toBe(0);
  });
});
