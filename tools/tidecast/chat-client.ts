import type { z } from 'zod';
import {
  chatLimits,
  chatOps,
  drillAnswer,
  limitChanges,
  moveAnswer,
} from '../../containers/api/chat/schemas.ts';
import type { ChatOps } from '../../core/api/chat.ts';
import type { ChatLimits } from '../../core/chat/limits.ts';
import type { Connection } from './connection.ts';
import { CommandError } from './errors.ts';
import { readAnswer } from './http.ts';

export type SeenShard = ChatOps['shards'][number];
export type LimitChanges = z.input<typeof limitChanges>;
/** Which shards a drill has reached, and how many tasks of each. */
export type Heard = z.output<typeof drillAnswer>;

/** Each broadcast is a write or two: this is for hundreds. */
const moveTimeoutMs = 60_000;

const place = (shard: string): string => `/api/ops/chat/shards/${encodeURIComponent(shard)}`;

export const readChat = async (connection: Connection): Promise<ChatOps> =>
  readAnswer(chatOps, await connection.ask('GET', '/api/ops/chat'), 'view of the chat');

/** As the API will see them: said before anything is asked. */
export async function changeLimits(connection: Connection, changes: LimitChanges): Promise<ChatLimits> {
  const checked = limitChanges.safeParse(changes);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    const [limit] = issue?.path ?? [];
    const option = limit === 'shownPerS' ? 'shown' : String(limit ?? '');
    throw new CommandError('usage', `--${option}: ${issue?.message ?? 'is not right'}`);
  }
  return readAnswer(chatLimits, await connection.ask('PATCH', '/api/ops/chat/limits', changes), 'answer');
}

export async function setShardState(
  connection: Connection,
  shard: string,
  word: 'open' | 'close',
): Promise<void> {
  await connection.ask('POST', `${place(shard)}/${word}`, {});
}

export async function moveShows(
  connection: Connection,
  shard: string,
  to: string | undefined,
): Promise<readonly { readonly broadcastId: string; readonly to: string }[]> {
  const wish = to === undefined ? {} : { to };
  const answer = await connection.ask('POST', `${place(shard)}/move`, wish, moveTimeoutMs);
  return readAnswer(moveAnswer, answer, 'answer').moved;
}

export async function cutSockets(
  connection: Connection,
  wish: { readonly share: number; readonly shard?: string },
): Promise<Heard> {
  return readAnswer(drillAnswer, await connection.ask('POST', '/api/ops/chat/drill', wish), 'answer');
}
