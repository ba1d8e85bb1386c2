import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type CryptoKey,
  type JWK,
} from 'jose';

export interface IssuerKey {
  readonly privateKey: CryptoKey;
  /** As it stands in the JWKS. */
  readonly publicJwk: JWK;
  readonly keyId: string;
}

const algorithm = 'ES256';

async function readJwk(file: string): Promise<JWK | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as JWK;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`the key file of the local issuer can't be read: remove ${file}`, { cause: error });
  }
}

/** The key of the local issuer: made at the first start, so that who signed in stays so over restarts. */
export async function openIssuerKey(file: string): Promise<IssuerKey> {
  let jwk = await readJwk(file);
  if (jwk === undefined) {
    const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
    jwk = await exportJWK(privateKey);
    await mkdir(dirname(file), { recursive: true });
    // Whole or not at all: a start that is broken off must not leave half a key.
    const unfinished = `${file}.${randomUUID()}`;
    await writeFile(unfinished, JSON.stringify(jwk), { mode: 0o600 });
    await rename(unfinished, file);
  }
  const { d: _secret, ...publicPart } = jwk;
  const keyId = await calculateJwkThumbprint(publicPart);
  return {
    privateKey: (await importJWK(jwk, algorithm)) as CryptoKey,
    publicJwk: { ...publicPart, kid: keyId, alg: algorithm, use: 'sig' },
    keyId,
  };
}
