/** What a chat task of a size is made for: a Node program uses one core, and notes chat 3 and 5 measured a whole one. */
export interface ChatTaskSize {
  /** Sockets at which a shard counts as full. */
  readonly capacity: number;
  /** Sockets at which it refuses more. */
  readonly maxSockets: number;
  /** Handshakes a second that nobody else notices. */
  readonly admitPerS: number;
}

const wholeCore = { capacity: 8_000, maxSockets: 15_000, admitPerS: 3_500 } as const;

export function chatTaskSize(cpu: number): ChatTaskSize {
  const share = Math.min(1, cpu / 1_024);
  return {
    capacity: Math.floor(wholeCore.capacity * share),
    maxSockets: Math.floor(wholeCore.maxSockets * share),
    admitPerS: Math.floor(wholeCore.admitPerS * share),
  };
}
