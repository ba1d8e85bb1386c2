/** CloudFront Functions' events, as far as the gate reads and writes them. */
export interface EdgeValue {
  value: string;
  attributes?: string;
}

export interface EdgeRequest {
  readonly method: string;
  /** Path as the viewer sent it, without the query. */
  uri: string;
  readonly headers: Readonly<Record<string, { readonly value: string } | undefined>>;
  readonly cookies: Readonly<Record<string, { readonly value: string } | undefined>>;
}

export interface EdgeResponse {
  statusCode: number;
  statusDescription?: string;
  headers: Record<string, EdgeValue>;
  cookies?: Record<string, EdgeValue>;
  body?: string;
}

export interface EdgeEvent {
  readonly context: { readonly eventType: 'viewer-request' | 'viewer-response' };
  readonly viewer: { readonly ip: string };
  readonly request: EdgeRequest;
  /** In a viewer-response. */
  readonly response?: EdgeResponse;
}

/** What the edge gives its function. */
export interface GateTools {
  /** A value of the KeyValueStore; rejects when it is not there, or the store can't be read. */
  readonly read: (key: string) => Promise<string>;
  /** HMAC-SHA256, hexadecimal. */
  readonly hmac: (secret: string, text: string) => string;
  readonly nowMs: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}
