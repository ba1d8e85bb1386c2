/** How changes are answered that Redis may not have been told of yet. */
import { z } from 'zod';
import type { Told } from '../chat/moderation.ts';
import { notShownYet } from '../chat/schemas.ts';

const detail = 'This is kept, and holds on all screens as soon as the chat, which is away, answers again.';

export const done = z.null().meta({ description: 'Done' });

/** For changes that answer nothing. */
export const shownOrNotYet = { 204: done, 202: notShownYet } as const;

interface Answer {
  code(status: number): { send(body?: unknown): unknown };
}

export function sendDone<Reply extends Answer>(reply: Reply, { shown }: Pick<Told, 'shown'>): Reply {
  if (shown) reply.code(204).send();
  else reply.code(202).send({ detail });
  return reply;
}
