import { z } from 'zod';
import { objectStoreUrl, storeEnvironment } from './store.ts';

const variables = storeEnvironment.extend({
  HTTP_HOST: z.string().default('0.0.0.0'),
  HTTP_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  OBJECT_STORE: objectStoreUrl,
  /** OIDC issuer: its /.well-known/openid-configuration names the keys. */
  OIDC_ISSUER: z.url(),
  /** Expected `aud` (or Cognito's `client_id`). Also told to the web pages. */
  OIDC_CLIENT_ID: z.string().min(1),
  /**
   * What broadcasters type into OBS, for example rtmp://ingest.example.com/live. Absent without a domain: then it is
   * the address of a host that takes broadcasts, as the scheduler last said.
   */
  RTMP_URL: z
    .string()
    .regex(/^rtmps?:\/\/.+/)
    .optional(),
  /** The address that viewers use, for example https://live.example.com: signed cookies are made for it. */
  PUBLIC_URL: z.url(),
  /**
   * Addresses that deliver media alone, parted by commas, for example https://m1.live.example.com: each has limits of
   * its own at the CDN, so the viewers of one great show are spread over them.
   */
  MEDIA_URLS: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.url({ protocol: /^https?$/ })))
    .optional(),
  /** The private key for signed cookies: the PEM itself (ECS gives secrets that way), or the file that has it. */
  COOKIE_KEY: z
    .string()
    .regex(/^-----BEGIN (?:RSA )?PRIVATE KEY-----\s/, 'must be a private key as PEM')
    .optional(),
  COOKIE_KEY_FILE: z.string().min(1).optional(),
  /** Id of its public half at the edge. */
  COOKIE_KEY_PAIR_ID: z.string().min(1),
  /** Password of the shards' Redis, if they have one; which shards there are stands in the tables. */
  REDIS_PASSWORD: z.string().min(1).optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

/** The environment of the API: written by its service (and local/), read by containers/api. */
export const apiEnvironment = variables.refine(
  ({ COOKIE_KEY, COOKIE_KEY_FILE }) => (COOKIE_KEY === undefined) !== (COOKIE_KEY_FILE === undefined),
  {
    path: ['COOKIE_KEY'],
    message: 'set exactly one of COOKIE_KEY and COOKIE_KEY_FILE',
    // Also when others are missing: all faults are said at once.
    when: () => true,
  },
);

export type ApiEnvironment = z.output<typeof apiEnvironment>;
