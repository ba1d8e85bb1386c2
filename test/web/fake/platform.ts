import { createServer, type IncomingMessage, type Server } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type {
  BroadcastView,
  Directory,
  OwnChannel,
  Playback,
  Problem,
  PublicConfig,
  StudioView,
} from '../../../core/api/types.ts';
import { notFoundFile, pageFile, pageHeaders } from '../../../core/pages.ts';
import { chatApi } from './chat-api.ts';
import { FakeChat } from './chat.ts';
import { FakeOps } from './ops.ts';
import type { FakeShow } from './show.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** What the fake API says; tests change it as they go. */
export interface FakeWorld {
  directory: (cursor: string | null) => Directory;
  broadcasts: Map<string, BroadcastView>;
  shows: Map<string, FakeShow>;
  channels: OwnChannel[];
  studio: StudioView | undefined;
  readonly ops: FakeOps;
  readonly chat: FakeChat;
  /** Every API request is answered 503. */
  down: boolean;
  /** The platform's time is so far ahead of the media: the encoder could not keep up. */
  mediaLateMs: number;
  /** A second slot, after the broadcast moved. */
  slot: string;
  /** So many more requests for archives are answered before the cookies run out (403). */
  archiveRequestsLeft: number;
  /** Whether /playback helps against that, as it does but where the browser blocks cookies. */
  renewsCookies: boolean;
  /** How often a stream key was renewed: the new one consists of it. */
  renewals: number;
  /** Paths of API requests, and of archive requests that were refused. */
  readonly asked: string[];
}

export interface FakePlatform {
  readonly url: string;
  readonly world: FakeWorld;
  close(): Promise<void>;
}

const svg = (text: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="360"><rect width="640" height="360" fill="#264b5d"/><text x="40" y="200" font-size="64" fill="#fff">${text}</text></svg>`;

/** `pages`: the folder with the built pages. */
export async function startFakePlatform(pages: string): Promise<FakePlatform> {
  const world: FakeWorld = {
    directory: () => ({ live: [], recordings: [] }),
    broadcasts: new Map(),
    shows: new Map(),
    channels: [],
    studio: undefined,
    ops: new FakeOps(),
    chat: new FakeChat(),
    down: false,
    mediaLateMs: 0,
    slot: 'in-01',
    archiveRequestsLeft: Number.POSITIVE_INFINITY,
    renewsCookies: true,
    renewals: 0,
    asked: [],
  };
  const server: Server = createServer((request, response) => {
    void answer({ world, pages, origin: url() }, request).then(
      ({ status, type, body, headers }) => {
        if (status === 0) return void response.destroy();
        response.writeHead(status, {
          'cache-control': 'no-store',
          ...(type && { 'content-type': type }),
          ...headers,
        });
        response.end(body);
        return undefined;
      },
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  world.chat.listen(server, 'a');
  world.chat.listen(server, 'b');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: url(),
    world,
    close: async () => {
      await world.chat.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

interface Reply {
  /** 0: the connection ends without an answer. */
  readonly status: number;
  readonly type?: string | undefined;
  readonly body?: string | Uint8Array | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Site {
  readonly world: FakeWorld;
  readonly pages: string;
  readonly origin: string;
}

async function answer({ world, pages, origin }: Site, request: IncomingMessage): Promise<Reply> {
  const { pathname, searchParams } = new URL(request.url ?? '/', origin);
  if (pathname.startsWith('/api/')) return api(world, origin, request, pathname, searchParams);
  if (pathname.startsWith('/issuer')) return issuer(origin, request, pathname, searchParams);
  if (pathname.startsWith('/thumbs/'))
    return { status: 200, type: 'image/svg+xml', body: svg(pathname.slice(8, 12)) };
  const live = /^\/live\/([^/]+)\/([^/]+)\/(.+)$/.exec(pathname);
  if (live !== null) {
    const [, slot, id = '', path = ''] = live;
    return slot === world.slot
      ? ((await world.shows.get(id)?.serve('live', path, searchParams)) ?? { status: 404 })
      : { status: 404 };
  }
  const archive = /^\/archive\/([^/]+)\/(.+)$/.exec(pathname);
  const chatFile = /^chat\/(.+)$/.exec(archive?.[2] ?? '')?.[1];
  if (chatFile !== undefined) {
    const found = world.chat.archived(chatFile);
    return found === undefined ? { status: 404 } : json(200, found);
  }
  if (archive !== null && world.archiveRequestsLeft-- <= 0) {
    world.asked.push(pathname);
    return { status: 403 };
  }
  if (archive !== null)
    return (
      (await world.shows.get(archive[1] ?? '')?.serve('archive', archive[2] ?? '', searchParams)) ?? {
        status: 404,
      }
    );
  return page(pages, origin, pathname);
}

async function page(pages: string, origin: string, path: string): Promise<Reply> {
  const asset = /^\/assets\/[\w.-]+$/.test(path);
  const file = asset ? path.slice(1) : (pageFile(path) ?? notFoundFile);
  const body = await readFile(join(pages, file));
  const headers = asset ? {} : pageHeaders(`${origin}/issuer`);
  return { status: asset || file !== notFoundFile ? 200 : 404, type: types[extname(file)], body, headers };
}

const json = (status: number, body: unknown): Reply => ({
  status,
  type: status < 400 ? 'application/json' : 'application/problem+json',
  body: JSON.stringify(body),
});

const problem = (status: number, detail: string, errors?: Problem['errors']): Reply =>
  json(status, {
    type: 'about:blank',
    title: 'No',
    status,
    detail,
    ...(errors && { errors }),
  } satisfies Problem);

function viewOf(world: FakeWorld, id: string): BroadcastView | undefined {
  const view = world.broadcasts.get(id);
  const show = world.shows.get(id);
  if (view === undefined || show === undefined) return view;
  const { state, session, startedAt } = show;
  return {
    ...view,
    state,
    session,
    startedAt,
    ...(show.endedAt !== undefined && { endedAt: show.endedAt, durationS: show.durationS }),
  };
}

async function api(
  world: FakeWorld,
  origin: string,
  request: IncomingMessage,
  path: string,
  query: URLSearchParams,
): Promise<Reply> {
  world.asked.push(path);
  if (world.down) return { status: 503, type: 'text/html', body: '<h1>Bad gateway</h1>' };
  const call = `${request.method ?? 'GET'} ${path}`;
  const id = path.split('/')[3] ?? '';
  if (call === 'GET /api/time') return json(200, { nowMs: Date.now() + world.mediaLateMs });
  if (call === 'GET /api/config')
    return json(200, {
      issuer: `${origin}/issuer`,
      clientId: 'pages',
      rtmpUrl: 'rtmp://ingest.example.com/live',
    } satisfies PublicConfig);
  if (call === 'GET /api/directory') return json(200, world.directory(query.get('cursor')));
  const view = viewOf(world, id);
  if (/^GET \/api\/broadcasts\/[^/]+$/.test(call))
    return view ? json(200, view) : problem(404, 'No such broadcast.');
  if (/^GET .*\/playback$/.test(call)) {
    if (view === undefined) return problem(404, 'No such broadcast.');
    const { state, session, startedAt } = view;
    if (world.archiveRequestsLeft <= 0 && world.renewsCookies)
      world.archiveRequestsLeft = Number.POSITIVE_INFINITY;
    return json(200, {
      state,
      session,
      startedAt,
      ...(state !== 'ended' && { live: `/live/${world.slot}/${id}/master.m3u8` }),
      archive: `/archive/${id}/master.m3u8`,
    } satisfies Playback);
  }
  const signedIn = request.headers.authorization === `Bearer ${accessToken}`;
  const body = request.method === 'GET' ? {} : await bodyOf(request);
  if (signedIn && path.startsWith('/api/ops/')) {
    const [status, answered] = world.ops.answer(call, query, body);
    return status === 204 ? { status } : json(status, answered);
  }
  const said = await chatApi(world.chat, {
    call,
    body,
    key: String(request.headers['idempotency-key']),
    signedIn,
    isEnded: view?.state === 'ended',
  });
  if (said === 'lost') return { status: 0 };
  if (said !== undefined) return said[0] === 204 ? { status: 204 } : json(said[0], said[1]);
  if (!signedIn) return problem(401, 'Sign in.');
  return ownerApi(world, body, call, id);
}

function ownerApi(world: FakeWorld, body: unknown, call: string, id: string): Reply {
  const sent = body as { name?: string; title?: string; visibility?: 'public' };
  const streamKey = `${'0'.repeat(26)}_${'k'.repeat(32)}`;
  if (call === 'GET /api/me/channels') return json(200, { channels: world.channels });
  if (call === 'POST /api/channels') {
    if ((sent.name ?? '').includes('taken'))
      return problem(422, 'The name is taken.', [
        { path: 'name', message: 'This name is taken: choose another.' },
      ]);
    const channel: OwnChannel = {
      channelId: String(world.channels.length + 1).padStart(26, '0'),
      name: sent.name ?? '',
      title: '',
      visibility: 'public',
      createdAt: Date.now(),
      keyCreatedAt: Date.now(),
    };
    world.channels.push(channel);
    return json(201, { channel, streamKey });
  }
  const channel = world.channels.find(({ channelId }) => channelId === id);
  if (call.startsWith('PATCH /api/broadcasts')) {
    const next = { ...world.broadcasts.get(id), ...sent } as BroadcastView;
    world.broadcasts.set(id, next);
    return json(200, next);
  }
  if (channel === undefined) return problem(404, 'No such channel.');
  if (call.endsWith('/stream-key')) {
    world.renewals += 1;
    return json(200, { streamKey: `${channel.channelId}_${String(world.renewals).repeat(32)}` });
  }
  if (call.endsWith('/studio')) return json(200, world.studio ?? { channel });
  if (call.endsWith('/broadcasts')) return json(200, { broadcasts: [...world.broadcasts.values()] });
  if (call.startsWith('PATCH')) {
    const next = { ...channel, ...sent };
    world.channels[world.channels.indexOf(channel)] = next;
    if (world.studio !== undefined) world.studio = { ...world.studio, channel: next };
    return json(200, next);
  }
  return problem(404, 'No such thing.');
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? {} : JSON.parse(text);
}

export const accessToken = 'fake-access-token';

/** As much of an OIDC issuer as a public client needs; everybody is Robin. */
async function issuer(
  origin: string,
  request: IncomingMessage,
  path: string,
  query: URLSearchParams,
): Promise<Reply> {
  const base = `${origin}/issuer`;
  if (path.endsWith('/.well-known/openid-configuration'))
    return json(200, {
      issuer: base,
      authorization_endpoint: `${base}/authorize`,
      token_endpoint: `${base}/token`,
      jwks_uri: `${base}/keys`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
    });
  if (path.endsWith('/authorize')) {
    const back = new URL(query.get('redirect_uri') ?? '');
    // The code carries the nonce: this issuer keeps nothing.
    back.searchParams.set('code', `c.${query.get('nonce') ?? ''}.${query.get('code_challenge') ?? ''}`);
    back.searchParams.set('state', query.get('state') ?? '');
    return { status: 302, headers: { location: back.href } };
  }
  let form = '';
  for await (const chunk of request) form += String(chunk);
  const sent = new URLSearchParams(form);
  const [, nonce = '', challenge] = (sent.get('code') ?? '').split('.');
  const digest = await crypto.subtle.digest(
    'SHA-256',
    new TextEncoder().encode(sent.get('code_verifier') ?? ''),
  );
  if (Buffer.from(digest).toString('base64url') !== challenge) return json(400, { error: 'invalid_grant' });
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: base, aud: 'pages', sub: 'robin', name: 'Robin', nonce, iat: now, exp: now + 600 };
  return json(200, {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: 600,
    // By OIDC core 3.1.3.7 a client need not check the signature of a token that came from the issuer itself.
    id_token: `${part({ alg: 'RS256' })}.${part(claims)}.${'A'.repeat(342)}`,
  });
}
