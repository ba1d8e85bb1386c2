/**
 * The local platform's door for the `tidecast` command: what on AWS is `docker image push`, a person with a
 * screwdriver, or a sign-in. Open to who can read control.json, and to nobody beyond this machine.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { shardPattern } from '../../core/chat/protocol.ts';
import { readGate } from '../../core/gate/gate.ts';
import { ShardError } from '../chat/chat.ts';

export interface ControlHandlers {
  release(wish: { readonly broken: boolean }): Promise<{ readonly digest: string }>;
  /** Undefined when there is no such host. */
  killHost(hostId: string): Promise<{ readonly hostId: string } | undefined>;
  /** Both throw ShardError for what can't be done. */
  addShard(name: string): Promise<void>;
  removeShard(name: string): Promise<void>;
  /** Writes the gate's value if one is given, and says it. */
  gate(value?: string): Promise<{ readonly value: string }>;
  token(person: string): Promise<{ readonly token: string }>;
}

export interface Control {
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  /** Takes control.json away: what stands in it is of no use any more. */
  close(): void;
}

export const controlPrefix = '/local-control';

/** What a caller did wrong; its text goes to the caller. */
class ControlError extends Error {
  override readonly name = 'ControlError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const releaseBody = z.strictObject({ broken: z.boolean().default(false) });
const killHostBody = z.strictObject({
  host: z.union([
    z
      .number()
      .int()
      .positive()
      .transform((number) => `host-${number}`),
    z.string().regex(/^host-\d{1,9}$/, 'must be like host-3'),
  ]),
});
const shardBody = z.strictObject({
  shard: z.string().regex(shardPattern, 'has small letters, digits and dashes, 16 at most'),
});
const gateBody = z.strictObject({
  value: z
    .string()
    .max(20)
    .refine((value) => readGate(value) !== undefined, 'is open, closed, or a share like 0.25')
    .optional(),
});
const tokenBody = z.strictObject({ person: z.string().regex(/^[a-z0-9._-]{1,40}$/) });

/** The longest request has about 30 bytes. */
const maxBodyBytes = 4 * 1024;

const isLoopback = (address: string | undefined): boolean =>
  address === '::1' || /^(::ffff:)?127\./.test(address ?? '');

/** Hashes have one length, and say nothing of how far two secrets agree. */
const isSame = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());

export function openControl(options: {
  /** control.json in the data folder. */
  readonly file: string;
  readonly url: string;
  readonly random: (size: number) => Uint8Array;
  readonly handlers: ControlHandlers;
}): Control {
  const { file, url, handlers } = options;
  const token = Buffer.from(options.random(32)).toString('base64url');
  // Removed first: writing into a file of before would leave it with the mode of before.
  rmSync(file, { force: true });
  writeFileSync(file, `${JSON.stringify({ url, token })}\n`, { mode: 0o600, flag: 'wx' });

  const calls: Readonly<Record<string, (body: unknown) => Promise<unknown>>> = {
    release: (body) => handlers.release(releaseBody.parse(body)),
    'kill-host': async (body) => {
      const { host } = killHostBody.parse(body);
      const killed = await handlers.killHost(host);
      if (killed === undefined)
        throw new ControlError(404, `There is no ${host} that runs; tidecast fleet lists those that do.`);
      return killed;
    },
    'add-shard': async (body) => {
      const { shard } = shardBody.parse(body);
      await handlers.addShard(shard);
      return { shard };
    },
    'remove-shard': async (body) => {
      const { shard } = shardBody.parse(body);
      await handlers.removeShard(shard);
      return { shard };
    },
    gate: (body) => handlers.gate(gateBody.parse(body).value),
    token: (body) => handlers.token(tokenBody.parse(body).person),
  };

  const answer = async (request: IncomingMessage): Promise<unknown> => {
    const [, given] = /^Bearer (\S{1,200})$/.exec(request.headers.authorization ?? '') ?? [];
    if (given === undefined || !isSame(given, token))
      throw new ControlError(401, 'The token of control.json is needed here.');
    const [path = ''] = (request.url ?? '').split('?', 1);
    const name = path.slice(controlPrefix.length + 1);
    const call = Object.hasOwn(calls, name) ? calls[name] : undefined;
    if (call === undefined) throw new ControlError(404, `There is nothing at ${path}.`);
    if (request.method !== 'POST') throw new ControlError(405, 'This takes POST.');
    return await call(await readBody(request));
  };

  return {
    handler: (request, response) => {
      const send = (status: number, body: unknown): void => {
        response
          .writeHead(status, {
            'content-type': status < 400 ? 'application/json' : 'application/problem+json',
            'cache-control': 'no-store',
            // The rest of a body that was not read belongs to no next request.
            ...(status < 400 ? {} : { connection: 'close' }),
          })
          .end(`${JSON.stringify(body)}\n`);
      };
      const refuse = (status: number, detail: string): void =>
        send(status, { type: 'about:blank', title: titles[status] ?? 'Failed', status, detail });
      if (!isLoopback(request.socket.remoteAddress)) return refuse(403, 'This machine only.');
      answer(request).then(
        (body) => send(200, body),
        (error: unknown) => {
          if (response.headersSent || response.destroyed) response.destroy();
          else if (error instanceof ControlError) refuse(error.status, error.message);
          else if (error instanceof ShardError) refuse(409, error.message);
          else if (error instanceof z.ZodError)
            refuse(400, error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
          else refuse(500, error instanceof Error ? error.message : String(error));
        },
      );
      return undefined;
    },
    close: () => rmSync(file, { force: true }),
  };
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Not possible now',
};

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new ControlError(400, `The body may have ${maxBodyBytes} bytes.`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new ControlError(400, 'The body is not JSON.');
  }
}
