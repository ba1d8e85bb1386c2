import { z } from 'zod';
import { idPattern } from '../../../core/broadcast/ids.ts';
import { messageIdPattern } from '../../../core/chat/message.ts';
import type { JoinRequest } from '../../../core/chat/protocol.ts';

/** Other members are let through: older and newer clients may say more. */
const joinRequest = z.object({
  broadcast: z.string().regex(idPattern),
  token: z.string().min(1).max(8_192).optional(),
  after: z.string().regex(messageIdPattern).optional(),
});

/** Undefined: this is no request to join. */
export function readJoinRequest(said: unknown): JoinRequest | undefined {
  const result = joinRequest.safeParse(said);
  if (!result.success) return undefined;
  const { broadcast, token, after } = result.data;
  return {
    broadcast,
    ...(token === undefined ? {} : { token }),
    ...(after === undefined ? {} : { after }),
  };
}
