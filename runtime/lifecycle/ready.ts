/**
 * A program tells whoever started it that it serves, and where. Local programs are started with an IPC
 * channel and may be given port 0; a container has none and this does nothing.
 */
export function announceReady(ports: Readonly<Record<string, number>>): void {
  process.send?.({ ready: ports });
}
