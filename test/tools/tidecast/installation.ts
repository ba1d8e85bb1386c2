import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DecisionPage, FleetView } from '../../../core/api/ops.ts';
import type { BroadcastView, Problem } from '../../../core/api/types.ts';
import { ShardError } from '../../../local/chat/chat.ts';
import { controlPrefix, openControl, type Control } from '../../../local/control/control.ts';
import { defaultLimits, type ChatLimits } from '../../../core/chat/limits.ts';
import { answerChat } from './chat.ts';
import { broadcastIds, decisions, fleet, nowMs } from './fleet.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

/** What answers the command as an installation does: the operators' API, and the real door of the local platform. */
export interface Installation {
  readonly url: string;
  /** Data folder; holds control.json after `openLocalDoor`. */
  readonly data: string;
  readonly token: string;
  readonly asked: Asked[];
  /** Answers differently where tests need it. */
  fleet: FleetView;
  snapshot: unknown;
  limits: ChatLimits;
  failWith: { readonly status: number; readonly detail?: string } | undefined;
  clockMs: number;
  openLocalDoor(): Control;
  control(): Promise<{ readonly url: string; readonly token: string }>;
  file(name: string, value: unknown): Promise<string>;
  close(): Promise<void>;
}

/** Small, so that a week needs several pages. */
const decisionsOnPage = 3;

const race: BroadcastView = {
  broadcastId: broadcastIds.race,
  channelId: '01k9x3v7q2m4n6p8r0s2t4v6wa',
  channelName: 'Nagoya Karting',
  title: 'Race 7',
  visibility: 'public',
  state: 'live',
  startedAt: nowMs,
  session: 1,
};

const problem = (status: number, detail: string): Problem => ({
  type: 'about:blank',
  title: 'No',
  status,
  detail,
});

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? undefined : JSON.parse(text);
}

export async function startInstallation(): Promise<Installation> {
  const data = await mkdtemp(join(tmpdir(), 'tidecast-command-'));
  const token = `operator.${randomBytes(16).toString('hex')}`;
  let control: Control | undefined;

  const pageOf = (url: URL): DecisionPage => {
    const task = url.searchParams.get('task');
    const from = Number(url.searchParams.get('before') ?? 0);
    const all = decisions.toReversed().filter(({ subject }) => task === null || subject.taskId === task);
    const rest = all.length > from + decisionsOnPage;
    return {
      decisions: all.slice(from, from + decisionsOnPage),
      ...(rest ? { before: String(from + decisionsOnPage) } : {}),
    };
  };

  const answer = ({ method, path, body }: Asked, url: URL): readonly [status: number, body: unknown] => {
    if (installation.failWith !== undefined) {
      const { status, detail } = installation.failWith;
      return [status, detail === undefined ? '<html>' : problem(status, detail)];
    }
    if (method === 'GET' && path === '/api/ops/fleet') return [200, installation.fleet];
    if (method === 'GET' && path === '/api/ops/snapshot') return [200, installation.snapshot];
    if (method === 'GET' && path === '/api/ops/decisions') return [200, pageOf(url)];
    if (method === 'GET' && path === `/api/broadcasts/${broadcastIds.race}`) return [200, race];
    const chat = answerChat({ method, path, body }, installation.limits);
    if (chat !== undefined) {
      if (path.endsWith('/limits')) installation.limits = chat[1] as ChatLimits;
      return chat;
    }
    const [, taskId, kind] = /^\/api\/ops\/tasks\/([^/]+)\/(drain|keep|force-stop)$/.exec(path) ?? [];
    if (method !== 'POST' || taskId === undefined) return [404, problem(404, 'There is nothing here.')];
    const { confirm } = body as { confirm?: string };
    if (kind === 'force-stop' && confirm !== taskId) return [400, problem(400, 'confirm: must be the id.')];
    return [202, { requestId: `request-${kind}` }];
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (url.pathname.startsWith(controlPrefix) && control !== undefined) {
      control.handler(request, response);
      return;
    }
    const asked = { method: request.method ?? '', path: url.pathname, body: await readBody(request) };
    installation.asked.push(asked);
    const [status, body] =
      request.headers.authorization === `Bearer ${token}`
        ? answer(asked, url)
        : [401, problem(401, 'The token was refused: the token has expired: sign in again.')];
    response
      .writeHead(status, {
        'content-type': status < 400 ? 'application/json' : 'application/problem+json',
        date: new Date(installation.clockMs).toUTCString(),
        ...(status === 302 ? { location: 'https://elsewhere.example/login' } : {}),
      })
      .end(typeof body === 'string' ? body : JSON.stringify(body));
  };

  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const installation: Installation = {
    url,
    data,
    token,
    asked: [],
    fleet,
    snapshot: undefined,
    limits: defaultLimits,
    failWith: undefined,
    clockMs: nowMs,
    openLocalDoor: () => {
      control = openControl({
        file: join(data, 'control.json'),
        url,
        random: randomBytes,
        handlers: {
          release: ({ broken }) =>
            Promise.resolve({ digest: `sha256:${(broken ? 'bad0bad' : '600d600').padEnd(64, '0')}` }),
          killHost: (hostId) => Promise.resolve(hostId === 'host-3' ? { hostId } : undefined),
          addShard: (shard) =>
            shard === 'a' ? Promise.reject(new ShardError('There is a shard a already.')) : Promise.resolve(),
          removeShard: () => Promise.resolve(),
          gate: (value = 'open') => Promise.resolve({ value }),
          token: (person) => Promise.resolve({ token: person === 'operator' ? token : 'nobody' }),
        },
      });
      return control;
    },
    control: async () =>
      JSON.parse(await readFile(join(data, 'control.json'), 'utf8')) as { url: string; token: string },
    file: async (name, value) => {
      const path = join(data, name);
      await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value));
      return path;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await rm(data, { recursive: true, force: true });
    },
  };
  return installation;
}
