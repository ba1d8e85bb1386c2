import { z } from 'zod';
import { isMessageId, type ChatMessage } from '../../../core/chat/message.ts';
import { expiryAt } from './fleet-items.ts';

/**
 * `bucket` is the partition, `id` the sort key: the message's id, `#`, and a mark of the one write that made the
 * item. A write whose outcome is unknown is taken back by its own mark, so it never takes away what another
 * write of the same message (a post that was sent again) has stored; a message that lies there twice is read once.
 */
export interface MessageKey {
  readonly bucket: string;
  readonly id: string;
}

export const keyOf = ({ bucket, id }: MessageKey): MessageKey => ({ bucket, id });
export const nameOf = ({ bucket, id }: MessageKey): string => `${bucket} ${id}`;

const buckets = 16;

export const bucketsOf = (broadcastId: string): readonly string[] =>
  Array.from({ length: buckets }, (_, n) => `${broadcastId}#${n}`);

/**
 * FNV-1a, then the finalizer of MurmurHash3: ids are times, whose last digits alone may be anything but even.
 * Messages lie where this says: changing it loses those that are there.
 */
export function bucketOf(broadcastId: string, messageId: string): string {
  let hash = 0x81_1c_9d_c5;
  for (let at = 0; at < messageId.length; at += 1)
    hash = Math.imul(hash ^ messageId.charCodeAt(at), 0x01_00_01_93);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85_eb_ca_6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2_b2_ae_35);
  return `${broadcastId}#${((hash ^ (hash >>> 16)) >>> 0) % buckets}`;
}

/** Every item of a message has a sort key that begins with this. */
export const prefixOf = (messageId: string): string => `${messageId}#`;
/** Sorts after every item of a message: `$` comes after `#`. */
export const endOf = (messageId: string): string => `${messageId}$`;
export const messageIdOf = (sortKey: string): string => sortKey.slice(0, sortKey.indexOf('#'));

export type MessageItem = MessageKey &
  Omit<ChatMessage, 'id'> & {
    /** Hash of the idempotency key that it was posted with. Not a part of the message. */
    readonly postedBy?: string;
    readonly expiresAt: number;
  };

export function toItem(
  broadcastId: string,
  message: ChatMessage,
  options: { readonly mark: string; readonly keptMs: number; readonly postedBy?: string | undefined },
): MessageItem {
  const { id, at, text, by } = message;
  if (!isMessageId(id) || !Number.isFinite(at)) throw new RangeError('a message needs an id and a time');
  return {
    bucket: bucketOf(broadcastId, id),
    id: prefixOf(id) + options.mark,
    at,
    // DynamoDB takes UTF-8, which has no lone surrogates.
    text: text.toWellFormed(),
    by: { id: by.id, name: by.name.toWellFormed(), role: by.role },
    ...(options.postedBy === undefined ? {} : { postedBy: options.postedBy }),
    expiresAt: expiryAt(at + options.keptMs),
  };
}

/** An older or a newer version may have written it. A role that is not known here has no rights. */
const stored = z.object({
  at: z.number(),
  text: z.string(),
  by: z.object({
    id: z.string(),
    name: z.string().catch(''),
    role: z.enum(['viewer', 'moderator', 'broadcaster', 'operator']).catch('viewer'),
  }),
});

/** Undefined for what is no message. */
export function toMessage(item: MessageKey): ChatMessage | undefined {
  const { data } = stored.safeParse(item);
  return data === undefined ? undefined : { id: messageIdOf(item.id), ...data };
}

export function postedByOf(item: MessageKey): string | undefined {
  const { postedBy }: { readonly postedBy?: unknown } = item as object;
  return typeof postedBy === 'string' ? postedBy : undefined;
}
