import { createServer } from 'node:net';

/** Where a host of the local fleet listens. */
export interface HostAddress {
  /** Tells it apart from all others: what the target groups send to. */
  readonly privateIp: string;
  /** What its programs bind to. The same, where this machine lets it be bound. */
  readonly bind: string;
}

/** 127.0.0.1 to .10 are left to whatever else this machine runs. */
const firstNumber = 11;
const lastNumber = 254;

/** All of 127.0.0.0/8 is this machine on Linux; macOS has only 127.0.0.1 until somebody adds more. */
const canBind = (address: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(0, address, () => probe.close(() => resolve(true)));
  });

export async function hostAddress(taken: ReadonlySet<string>): Promise<HostAddress> {
  for (let number = firstNumber; number <= lastNumber; number += 1) {
    const privateIp = `127.0.0.${number}`;
    if (taken.has(privateIp)) continue;
    return { privateIp, bind: (await canBind(privateIp)) ? privateIp : '127.0.0.1' };
  }
  throw new RangeError(`no loopback address is free for another host (${taken.size} are in use)`);
}
