/** Where an ingest task listens; fixed, so that ECS itself refuses a second task on a host (docs/decisions/0006). */
export const ingestPorts = {
  /** Encoders, from everywhere. */
  rtmp: 1935,
  rtmps: 1936,
  /** Tasks that pass newcomers on. */
  relay: 1937,
  /** The load balancer: live windows and health. */
  http: 8935,
} as const;
