import type { NetworkInterfaceInfo } from 'node:os';

/** Bridges of containers: private to this host, although they do not say so. */
const bridges = /^(docker|br-|veth|ecs-|cni|virbr)/;

/**
 * Where other tasks reach the relay port of this one. On ECS the task is in the host's network, so that the
 * host's first address is its own; the agent's metadata names none for tasks of that kind.
 * @param wish RELAY_ADVERTISE: host, with its port unless that is the one listened on.
 */
export function relayAddress(
  wish: string | undefined,
  port: number,
  interfaces: Readonly<Partial<Record<string, readonly NetworkInterfaceInfo[]>>>,
): string | undefined {
  if (wish !== undefined) return /:\d+$/.test(wish) ? wish : `${wish}:${port}`;
  for (const [name, addresses = []] of Object.entries(interfaces)) {
    if (bridges.test(name)) continue;
    const found = addresses.find(({ family, internal }) => family === 'IPv4' && !internal);
    if (found !== undefined) return `${found.address}:${port}`;
  }
  return undefined;
}
