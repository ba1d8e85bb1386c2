import type { Route } from '../../../core/routes.ts';
import type { ObjectStore } from '../../../runtime/store/objects/port.ts';
import { plainAnswer, type AnswerHeaders, type Origin } from '../answer.ts';
import { createArchiveOrigin } from './archive.ts';
import { createChatOrigin, type ShardGroups } from './chat.ts';
import { createHttpOrigin } from './http.ts';
import { createWebOrigin } from './web.ts';

/** What stands behind the edge. */
export interface OriginAddresses {
  /** HTTP base of the task that holds the slot; undefined when none does. */
  ingest(slot: string): URL | undefined;
  readonly api: URL;
  readonly chat: ShardGroups;
  readonly archive: ObjectStore;
  /** Directory of the built pages. */
  readonly web: string;
}

export interface Origins {
  of(route: Route): Origin;
  close(): void;
}

/** As the load balancer's path rule for `/live/<slot>/…` sees it. */
const slotOf = (path: string): string => path.split('/', 3)[2] ?? '';

export function createOrigins(options: {
  readonly addresses: OriginAddresses;
  readonly pageHeaders: AnswerHeaders;
  readonly timeoutMs: number;
}): Origins {
  const { addresses, pageHeaders, timeoutMs } = options;
  const http = createHttpOrigin({ timeoutMs });
  const origins: Readonly<Record<Route['origin'], Origin>> = {
    archive: createArchiveOrigin(addresses.archive, timeoutMs),
    web: createWebOrigin(addresses.web, pageHeaders),
    api: (request) => http.fetch(addresses.api, request),
    chat: createChatOrigin(http, addresses.chat),
    ingest: async (request) => {
      const base = addresses.ingest(slotOf(request.path));
      // What a load balancer says for a target group without targets.
      if (base === undefined) return plainAnswer(503, 'No ingest task holds this slot now.');
      return http.fetch(base, request);
    },
  };
  const withoutCookies =
    (origin: Origin): Origin =>
    async (request) => {
      const answer = await origin(request);
      const { 'set-cookie': _cookies, ...headers } = answer.headers;
      return { ...answer, headers };
    };
  return {
    of: (route) => (route.setCookie ? origins[route.origin] : withoutCookies(origins[route.origin])),
    close: () => http.close(),
  };
}
