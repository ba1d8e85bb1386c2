/** Token buckets for posts (design section 6). They live in the shards' Redis and can be changed while shows run. */
export interface BucketLimit {
  /** Posts a second in the long run. */
  readonly perS: number;
  /** Posts at once after a rest. */
  readonly burst: number;
}

export interface ChatLimits {
  readonly person: BucketLimit;
  /** All people of a broadcast together; staff are not counted. */
  readonly channel: BucketLimit;
  /** All broadcasts of all shards together; `allot` shares it out among the shards. */
  readonly platform: BucketLimit;
  /** Messages a second that a channel shows: more are sampled (core/chat/sampling.ts). */
  readonly shownPerS: number;
}

/**
 * person: Twitch allows 20 in 30 s, Niconico 10 in 20 s. channel: 4 × what is shown, the rest is in the replay.
 * platform: 2,000 posts/s cost about $5 an hour in the table (notes aws B7) and 30 % of a Redis core with 60
 * chat tasks (notes chat 4). shownPerS: faster than anybody reads.
 */
export const defaultLimits: ChatLimits = {
  person: { perS: 0.5, burst: 5 },
  channel: { perS: 200, burst: 400 },
  platform: { perS: 2_000, burst: 4_000 },
  shownPerS: 50,
};
