/** Why a post is not taken. Each has its status, its words and, where waiting helps, a time to try again. */
export type RefusalReason =
  | 'banned'
  | 'timeout'
  | 'chat-off'
  | 'slow-mode'
  | 'followers-only'
  | 'ended'
  | 'empty'
  | 'too-long'
  | 'too-many-emoji'
  | 'link'
  | 'blocked-word'
  | 'bad-characters'
  | 'person-limit'
  | 'channel-limit'
  | 'platform-limit'
  | 'unavailable';

/** What the API answers beside the words (a member `chat` of the problem document, RFC 9457 3.2). */
export interface Refusal {
  readonly reason: RefusalReason;
  /** From now; also said in Retry-After (in whole seconds, rounded up). */
  readonly retryAfterMs?: number;
}
