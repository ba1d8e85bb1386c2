import type { ChatView } from '../../../core/api/chat.ts';
import { modeOf } from '../../../core/chat/mode.ts';
import { chatPath } from '../../../core/chat/protocol.ts';
import { chatIndexKey } from '../../../core/chat/replay.ts';
import type { FakeChat } from './chat.ts';

/** `undefined`: not a call of the chat. `lost`: the connection ends without an answer. */
export type ChatAnswer = readonly [status: number, body?: unknown] | 'lost' | undefined;

export interface ChatCall {
  readonly call: string;
  readonly body: unknown;
  readonly key: string | undefined;
  readonly signedIn: boolean;
  readonly isEnded: boolean;
}

/** The chat's part of the HTTP API (core/api/chat.ts), for one channel and one broadcast. */
export async function chatApi(chat: FakeChat, asked: ChatCall): Promise<ChatAnswer> {
  const { call, body, signedIn } = asked;
  const path = call.split(' ')[1] ?? '';
  if (!/\/(?:chat(?:\/.*)?|messages(?:\/.*)?|follow)$/.test(path)) return undefined;
  const id = path.split('/')[3] ?? '';
  if (/^GET .*\/chat$/.test(call)) return [200, viewOf(chat, id, asked)];
  if (!signedIn) return [401, problem(401, 'Sign in.')];
  chat.calls.push([call, body]);
  if (/^POST .*\/messages$/.test(call)) return post(chat, asked);
  const person = decodeURIComponent(path.split('/')[6] ?? '');
  const sent = body as { readonly name?: string; readonly forS?: number };
  const at = Date.now();
  if (/^DELETE .*\/people\/[^/]+\/messages$/.test(call)) {
    const until = chat.messages.at(-1)?.id ?? '';
    const of = decodeURIComponent(path.split('/')[5] ?? '');
    chat.control({ type: 'purge', person: of, until });
    return [204];
  }
  if (/^DELETE .*\/messages\/\d+$/.test(call)) {
    chat.remove([path.split('/')[5] ?? '']);
    return [204];
  }
  if (call.endsWith('/follow')) {
    chat.followedSince = call.startsWith('PUT') ? at : undefined;
    return [204];
  }
  if (call.endsWith('/settings')) {
    if (call.startsWith('PATCH')) chat.change(body as Parameters<FakeChat['change']>[0]);
    return [200, chat.settings];
  }
  const list = path.includes('/bans') ? chat.bans : chat.moderators;
  if (call.startsWith('DELETE')) {
    const found = list.findIndex(({ personId }) => personId === person);
    if (found >= 0) list.splice(found, 1);
    return [204];
  }
  const entry = { personId: person, name: sent.name ?? '', by: chat.you.id, at };
  if (call.startsWith('PUT') && path.includes('/bans/')) {
    const until = sent.forS === undefined ? {} : { until: at + sent.forS * 1_000 };
    chat.bans.push({ ...entry, ...until });
    return [200, { ...entry, ...until }];
  }
  if (call.startsWith('PUT')) {
    chat.moderators.push(entry);
    return [204];
  }
  if (call.endsWith('/bans')) return [200, { bans: chat.bans }];
  if (call.endsWith('/moderators')) return [200, { moderators: chat.moderators }];
  return [200, { entries: chat.audit }];
}

function viewOf(chat: FakeChat, id: string, { signedIn, isEnded }: ChatCall): ChatView {
  return {
    ...(isEnded ? {} : { path: chatPath(chat.shard) }),
    mode: modeOf(chat.settings),
    maxLength: chat.settings.maxLength,
    ...(signedIn ? { you: chat.you } : {}),
    ...(signedIn && chat.followedSince !== undefined ? { followedSince: chat.followedSince } : {}),
    replay: `/${chatIndexKey(id)}`,
  };
}

async function post(chat: FakeChat, { body, key }: ChatCall): Promise<ChatAnswer> {
  const { text } = body as { readonly text: string };
  if (chat.postRefusal !== undefined) {
    const { status, detail, ...refusal } = chat.postRefusal;
    return [status, { ...problem(status, detail), chat: refusal }];
  }
  const { id, at } = chat.post(key ?? '', text);
  if (chat.lostAnswers > 0) {
    chat.lostAnswers -= 1;
    return 'lost';
  }
  if (chat.answerAfterMs > 0) await new Promise((resolve) => setTimeout(resolve, chat.answerAfterMs));
  return [201, { id, at }];
}

const problem = (status: number, detail: string) => ({ type: 'about:blank', title: 'No', status, detail });
