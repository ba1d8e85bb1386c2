/** Every bound of the RTMP server. Bytes, milliseconds and counts as named. */
export interface RtmpLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly publishDeadlineMs: number;
  readonly authoriseDeadlineMs: number;
  readonly idleMs: number;
  readonly lingerMs: number;
  readonly reconnectMs: number;
  readonly pingIntervalMs: number;
  readonly sweepIntervalMs: number;
  readonly bytesBeforePublish: number;
  readonly messageBytesBeforePublish: number;
  readonly chunkStreamsBeforePublish: number;
  readonly bufferedBytesBeforePublish: number;
  readonly messageBytes: number;
  readonly commandBytes: number;
  readonly chunkStreams: number;
  readonly bufferedBytes: number;
  readonly unsentBytes: number;
}

export const defaultLimits: RtmpLimits = {
  /** A host carries tens of broadcasts; the rest is room for connections that have not published yet, at a few KiB each. */
  maxConnections: 1_024,
  /** A studio's encoders behind one address. IPv6 counts by /64, which is what one customer gets. */
  maxConnectionsPerAddress: 64,
  /** From TCP accept to the publish command. OBS needs six round trips (TCP, handshake, four commands), nine over TLS. */
  publishDeadlineMs: 10_000,
  /** `authorise` asks a database; past this the encoder had better try again. */
  authoriseDeadlineMs: 10_000,
  /** No media for so long is a drop (notes/video.md section 5): a half-open socket must not hold its broadcast. */
  idleMs: 10_000,
  /** From FIN to destroy: time for the status to reach the encoder (notes/video.md section 5). */
  lingerMs: 2_000,
  /** From asking a client to connect elsewhere to refusing it: time to make the new connection before the old one ends. */
  reconnectMs: 5_000,
  pingIntervalMs: 5_000,
  /** Deadlines are looked at so often, so they may fire late by this. */
  sweepIntervalMs: 500,
  /** Handshake 3,073 bytes and five commands, each under 1 KiB. */
  bytesBeforePublish: 64 * 1024,
  /** OBS's connect is about 250 bytes; signed URLs in tcUrl make it 1 to 2 KiB. */
  messageBytesBeforePublish: 4 * 1024,
  /** OBS and ffmpeg use 2 (control), 3 (commands), 4 to 8. */
  chunkStreamsBeforePublish: 16,
  /** Messages under way, all chunk streams together. */
  bufferedBytesBeforePublish: 16 * 1024,
  /** A key frame of 2160p at 100 Mbps is under 5 MiB; gortmplib has the same limit. */
  messageBytes: 10 * 1024 * 1024,
  /** Commands and metadata after publish: onMetaData of OBS is about 500 bytes, cue points with text a few KiB. Longer data is skipped. */
  commandBytes: 64 * 1024,
  chunkStreams: 64,
  /** One video message of the largest size with audio and metadata between its chunks. */
  bufferedBytes: 11 * 1024 * 1024,
  /** What we say to an encoder (answers, acknowledgements, pings) is under 1 KiB: more unread than this is a peer that doesn't read. */
  unsentBytes: 64 * 1024,
};
