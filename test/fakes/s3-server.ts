import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { fakeCredentials, signatureFault } from './s3-signature.ts';

/**
 * S3's wire protocol for one bucket, in memory: enough for runtime/store/objects/s3.ts and for the faults
 * that it must survive. Signatures and checksums are checked. Bodies framed as aws-chunked are refused:
 * our client must not send them (S3 takes no frame below 8 KiB, and ours may be smaller).
 */
export interface S3Request {
  readonly method: string;
  readonly key: string;
  readonly query: URLSearchParams;
}

export type S3Fault =
  /** Refused with S3's error document. */
  | { readonly kind: 'error'; readonly status: number; readonly code: string }
  /** The connection breaks before anything is done. */
  | { readonly kind: 'reset' }
  /** Done, but the client never hears of it. */
  | { readonly kind: 'lost-reply' }
  /** Done and answered once the promise resolves. */
  | { readonly kind: 'delay'; readonly until: Promise<unknown> };

interface FakeObject {
  readonly bytes: Buffer;
  readonly contentType: string;
  readonly cacheControl: string | undefined;
  readonly etag: string;
}

interface FakeUpload extends Pick<FakeObject, 'contentType' | 'cacheControl'> {
  readonly key: string;
  readonly parts: Map<number, Buffer>;
}

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

const minPartBytes = 5 * 1024 ** 2;

export class S3Server {
  readonly bucket = 'tidecast-test';
  readonly objects = new Map<string, FakeObject>();
  readonly uploads = new Map<string, FakeUpload>();
  readonly requests: S3Request[] = [];
  /** Asked for every request. */
  fault: (request: S3Request) => S3Fault | undefined = () => undefined;
  /** S3's own page has 1,000 keys. */
  pageSize = 1_000;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    });
  }

  static async start(): Promise<S3Server> {
    const fake = new S3Server();
    fake.#server.listen(0, '127.0.0.1');
    await once(fake.#server, 'listening');
    return fake;
  }

  get clientConfig(): S3ClientConfig {
    const { port } = this.#server.address() as AddressInfo;
    return {
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      credentials: fakeCredentials,
      forcePathStyle: true,
    };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fake');
    const [, bucket = '', ...rest] = decodeURIComponent(url.pathname).split('/');
    const seen: S3Request = { method: request.method ?? '', key: rest.join('/'), query: url.searchParams };
    this.requests.push(seen);
    const fault = this.fault(seen);
    if (fault?.kind === 'reset') {
      response.destroy();
      return;
    }
    const body = await buffer(request);
    const refusal =
      refuse(request, body) ?? (bucket === this.bucket ? undefined : errorReply(404, 'NoSuchBucket'));
    if (fault?.kind === 'delay') await fault.until;
    const reply =
      fault?.kind === 'error'
        ? errorReply(fault.status, fault.code)
        : (refusal ?? this.#answer(seen, request, body));
    if (fault?.kind === 'lost-reply') {
      response.destroy();
      return;
    }
    response.writeHead(reply.status, { 'x-amz-request-id': randomUUID(), ...reply.headers });
    response.end(reply.body);
  }

  #answer(seen: S3Request, request: IncomingMessage, body: Buffer): Reply {
    const { method, key, query } = seen;
    const uploadId = query.get('uploadId');
    if (method === 'GET' && key === '') return this.#list(query);
    if (method === 'GET') return this.#get(key);
    if (method === 'POST' && query.has('uploads')) return this.#createUpload(key, request);
    if (uploadId !== null) return this.#inUpload(seen, uploadId, body);
    if (method === 'PUT') {
      this.objects.set(key, { ...headersOf(request), bytes: body, etag: etagOf(body) });
      return { status: 200, headers: { etag: etagOf(body) } };
    }
    if (method !== 'DELETE') return errorReply(405, 'MethodNotAllowed');
    this.objects.delete(key);
    return { status: 204 };
  }

  #get(key: string): Reply {
    const found = this.objects.get(key);
    if (found === undefined) return errorReply(404, 'NoSuchKey');
    const { bytes, contentType, cacheControl, etag } = found;
    return {
      status: 200,
      headers: {
        'content-type': contentType,
        etag,
        'content-length': String(bytes.length),
        ...(cacheControl !== undefined && { 'cache-control': cacheControl }),
      },
      body: bytes,
    };
  }

  #list(query: URLSearchParams): Reply {
    const prefix = query.get('prefix') ?? '';
    const after = query.get('continuation-token');
    const keys = [...this.objects.keys()]
      .filter((key) => key.startsWith(prefix) && (after === null || key > after))
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const page = keys.slice(0, this.pageSize);
    const isTruncated = page.length < keys.length;
    const contents = page.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('');
    const next = isTruncated ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
    return xmlReply('ListBucketResult', `<IsTruncated>${isTruncated}</IsTruncated>${next}${contents}`);
  }

  #createUpload(key: string, request: IncomingMessage): Reply {
    const uploadId = randomUUID();
    this.uploads.set(uploadId, { ...headersOf(request), key, parts: new Map() });
    return xmlReply(
      'InitiateMultipartUploadResult',
      `<Bucket>${this.bucket}</Bucket><Key>${key}</Key><UploadId>${uploadId}</UploadId>`,
    );
  }

  #inUpload({ method, key, query }: S3Request, uploadId: string, body: Buffer): Reply {
    const upload = this.uploads.get(uploadId);
    if (upload?.key !== key) return errorReply(404, 'NoSuchUpload');
    if (method === 'PUT') {
      upload.parts.set(Number(query.get('partNumber')), body);
      return { status: 200, headers: { etag: etagOf(body) } };
    }
    this.uploads.delete(uploadId);
    if (method === 'DELETE') return { status: 204 };
    const numbers = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map(([, n]) =>
      Number(n),
    );
    const parts = numbers.map((number) => upload.parts.get(number) ?? Buffer.alloc(0));
    if (parts.slice(0, -1).some((part) => part.length < minPartBytes))
      return errorReply(400, 'EntityTooSmall');
    const bytes = Buffer.concat(parts);
    const etag = `"${etagOf(bytes).slice(1, -1)}-${parts.length}"`;
    this.objects.set(key, { ...upload, bytes, etag });
    return xmlReply('CompleteMultipartUploadResult', `<Key>${key}</Key><ETag>${etag}</ETag>`);
  }
}

const etagOf = (bytes: Buffer): string => `"${createHash('md5').update(bytes).digest('hex')}"`;

const headersOf = (request: IncomingMessage): Pick<FakeObject, 'contentType' | 'cacheControl'> => ({
  contentType: request.headers['content-type'] ?? 'binary/octet-stream',
  cacheControl: request.headers['cache-control'],
});

const xmlReply = (root: string, inner: string, status = 200): Reply => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?><${root}>${inner}</${root}>`,
});

const errorReply = (status: number, code: string): Reply =>
  xmlReply('Error', `<Code>${code}</Code><Message>${code}</Message>`, status);

function refuse(request: IncomingMessage, body: Buffer): Reply | undefined {
  const fault = signatureFault(request, body);
  if (fault !== undefined) return errorReply(403, fault);
  if (request.headers['content-encoding'] === 'aws-chunked') return errorReply(501, 'NotImplemented');
  const declared = request.headers['x-amz-checksum-crc32'];
  if (declared === undefined) return undefined;
  const actual = Buffer.alloc(4);
  actual.writeUInt32BE(crc32(body));
  return actual.toString('base64') === declared ? undefined : errorReply(400, 'BadDigest');
}
