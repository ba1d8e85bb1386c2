/** What the server of bench/origin.ts and its viewers' process tell each other. */
export interface ClientOrder {
  readonly port: number;
  /** Path of the rendition. */
  readonly base: string;
  readonly viewers: number;
  readonly firstMsn: number;
  readonly partsPerSegment: number;
  /** Parts that each viewer waits for. */
  readonly rounds: number;
  /**
   * Nobody fetches the part before everybody has the playlist. Real viewers are machines of their own; here
   * the requests of those woken first would delay the reading of the others' answers in the one process.
   */
  readonly together: boolean;
}

export type ClientReport =
  | { readonly kind: 'ready' }
  /** Every viewer has sent its request for this round. */
  | { readonly kind: 'asked'; readonly round: number }
  /** For each round the moments (process.hrtime, ns) at which the viewers had their playlist. */
  | { readonly kind: 'done'; readonly wokenNs: readonly (readonly string[])[]; readonly errors: number };
