import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { ulid } from 'ulid';
import type { ApiEnvironment } from '../../core/environment/api.ts';
import { openPostBus } from '../../runtime/bus/post-bus.ts';
import { signCookies } from '../../runtime/identity/signed-cookies.ts';
import { knowTokens } from '../../runtime/identity/known-tokens.ts';
import { createTokenVerifier } from '../../runtime/identity/tokens.ts';
import { openObjectStore } from '../../runtime/store/objects/open.ts';
import { openTables } from '../../runtime/store/tables/open.ts';
import type { Logger } from '../../runtime/telemetry/log.ts';
import { createApi } from './app.ts';

export interface RunningApi {
  readonly port: number;
  /** Answers what has been asked, then ends. */
  close(): Promise<void>;
}

async function readCookieKey({ COOKIE_KEY, COOKIE_KEY_FILE }: ApiEnvironment): Promise<string> {
  // The contract lets exactly one through.
  return COOKIE_KEY ?? readFile(COOKIE_KEY_FILE ?? '', 'utf8');
}

/** The API with everything real, as its environment says. */
export async function startApi(options: {
  readonly environment: ApiEnvironment;
  readonly log: Logger;
}): Promise<RunningApi> {
  const { environment, log } = options;
  const clock = { now: () => Date.now() };
  const privateKeyPem = await readCookieKey(environment);
  const signer = (resource: string, expiresAtMs: number): Readonly<Record<string, string>> => ({
    ...signCookies({
      resource,
      expiresAtMs,
      privateKeyPem,
      keyPairId: environment.COOKIE_KEY_PAIR_ID,
    }),
  });
  // A key that can't sign is better found out now than by the first viewer.
  signer(`${environment.PUBLIC_URL}/`, clock.now());

  const tables = openTables(environment);
  const app = await createApi({
    config: {
      issuer: environment.OIDC_ISSUER,
      clientId: environment.OIDC_CLIENT_ID,
      ...(environment.RTMP_URL === undefined ? {} : { rtmpUrl: environment.RTMP_URL }),
    },
    publicUrl: environment.PUBLIC_URL,
    ...(environment.MEDIA_URLS === undefined ? {} : { mediaUrls: environment.MEDIA_URLS }),
    channels: tables.channels,
    broadcasts: tables.broadcasts,
    fleet: tables.fleet,
    objects: await openObjectStore({
      url: environment.OBJECT_STORE,
      region: environment.AWS_REGION,
      clock,
    }),
    chat: {
      store: tables.chat,
      messages: tables.messages,
      shards: tables.shards,
      unarchived: tables.unarchived,
      openBus: ({ redisUrl: url }) =>
        openPostBus({
          url,
          clock,
          ...(environment.REDIS_PASSWORD === undefined ? {} : { password: environment.REDIS_PASSWORD }),
        }),
      steady: () => performance.now(),
      random: Math.random,
    },
    verifier: knowTokens(
      createTokenVerifier({
        issuer: environment.OIDC_ISSUER,
        clientId: environment.OIDC_CLIENT_ID,
        clock,
      }),
      clock.now,
    ),
    signCookies: signer,
    clock,
    newId: () => ulid().toLowerCase(),
    randomBytes,
    log,
  });
  await app.listen({ host: environment.HTTP_HOST, port: environment.HTTP_PORT });
  const { port } = app.server.address() as AddressInfo;
  return {
    port,
    close: async () => {
      await app.close();
      tables.close();
    },
  };
}
