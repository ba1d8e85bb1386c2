import { z } from 'zod';
import { objectStoreUrl, storeEnvironment } from './store.ts';

/** The environment of the API: written by its service (and local/), read by containers/api. */
export const apiEnvironment = storeEnvironment.extend({
  HTTP_HOST: z.string().default('0.0.0.0'),
  HTTP_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  OBJECT_STORE: objectStoreUrl,
  /** OIDC issuer: its /.well-known/openid-configuration names the keys. */
  OIDC_ISSUER: z.url(),
  /** Expected `aud` (or Cognito's `client_id`). Also told to the web pages. */
  OIDC_CLIENT_ID: z.string().min(1),
  /** What broadcasters type into OBS, for example rtmp://ingest.example.com/live. */
  RTMP_URL: z.string().regex(/^rtmps?:\/\/.+/),
  /** The address that viewers use, for example https://live.example.com: signed cookies are made for it. */
  PUBLIC_URL: z.url(),
  /** PEM file with the private key for signed cookies, and the id of its public half at the edge. */
  COOKIE_KEY_FILE: z.string().min(1),
  COOKIE_KEY_PAIR_ID: z.string().min(1),
  /** Password of the shards' Redis, if they have one; which shards there are stands in the tables. */
  REDIS_PASSWORD: z.string().min(1).optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

export type ApiEnvironment = z.output<typeof apiEnvironment>;
