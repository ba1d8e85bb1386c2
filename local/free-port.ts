import { createServer } from 'node:net';

/**
 * A port on which something can listen, or the reason why not in words for people.
 * @param wanted 0 takes any free one
 */
export async function freePort(host: string, wanted: number, option: string): Promise<number> {
  const probe = createServer();
  try {
    return await new Promise<number>((resolve, reject) => {
      probe.once('error', (error: NodeJS.ErrnoException) => {
        reject(
          error.code === 'EADDRINUSE'
            ? new Error(
                `port ${wanted} is taken by another program: end it, or choose another with ${option}`,
              )
            : error,
        );
      });
      probe.listen(wanted, host, () => {
        const address = probe.address();
        resolve(typeof address === 'object' && address !== null ? address.port : wanted);
      });
    });
  } finally {
    await new Promise((resolve) => probe.close(resolve));
  }
}
