import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Issuer } from '../../../local/issuer/issuer.ts';
import type { Fetch } from '../../../runtime/identity/issuer-keys.ts';

/** A fetch that the issuer answers, whatever host it is called by: a real HTTP exchange for each call. */
export const answerAs =
  (issuer: Issuer): Fetch =>
  async (url, init) => {
    const server = createServer(issuer.handler);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const { pathname, search } = new URL(url);
      const response = await fetch(`http://127.0.0.1:${port}${pathname}${search}`, init);
      // Read before the server goes.
      return new Response(await response.text(), response);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  };
