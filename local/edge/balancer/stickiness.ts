/**
 * Long polling is many requests that belong to one task: a cookie says which, as an Application Load Balancer's
 * AWSALB does. Unlike that one it is given with answers to plain requests only: viewers with a WebSocket need
 * none, and a crowd that returns is spread by what the tasks have to do.
 */
import { chatPath } from '../../../core/chat/protocol.ts';
import { readCookies } from '../access.ts';
import type { Target } from './target-group.ts';

const name = 'tidecast-task';

export const stickyId = (cookieHeader: string | undefined): string | undefined =>
  readCookies(cookieHeader)[name];

/** No longer than the browser runs, and only for the shard: another one has other tasks. */
export const stickyCookie = (shard: string, { id }: Target): string =>
  `${name}=${id}; Path=${chatPath(shard)}; HttpOnly; SameSite=Lax`;
