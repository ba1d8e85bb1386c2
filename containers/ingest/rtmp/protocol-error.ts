/** The peer broke the protocol or a limit: ends its connection, nothing else. The message never holds what the peer sent. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}
