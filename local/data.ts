import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the local platform keeps what must outlive it. */
export interface DataFolder {
  readonly tables: string;
  readonly objects: string;
  /** A folder for each host of the fleet, and what the fleet remembers. */
  readonly fleet: string;
  readonly images: string;
  /** A folder for each chat shard, and which there are. */
  readonly chat: string;
  /** For the `tidecast` command. */
  readonly control: string;
  /** The gate's value and secret. */
  readonly gate: string;
  readonly logs: string;
  readonly issuerKeyFile: string;
  readonly cookieKeyFile: string;
  readonly cookiePublicKey: string;
  release(): void;
}

/** Another platform works in this folder. */
export class DataFolderBusyError extends Error {
  override readonly name = 'DataFolderBusyError';
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Two platforms in one folder would write the same tables: the second is refused while the first one lives. */
function lock(folder: string): () => void {
  const file = join(folder, 'lock');
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
  } catch {
    const pid = Number(readFileSync(file, 'utf8'));
    if (pid !== process.pid && Number.isInteger(pid) && pid > 0 && isRunning(pid)) {
      throw new DataFolderBusyError(
        `${folder} is in use by the process ${pid}: end that one first, or give another folder with --data`,
      );
    }
    writeFileSync(file, String(process.pid));
  }
  return () => rmSync(file, { force: true });
}

/** The folder could not be made. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError';
}

function makeFolder(folder: string): void {
  try {
    // Not recursive: a mistyped path is better refused, and below /proc Node's recursive mkdir never returns.
    if (!existsSync(folder)) mkdirSync(folder);
  } catch (error) {
    throw new DataFolderError(`can't make the folder ${folder}: its parent has to exist and to be writable`, {
      cause: error,
    });
  }
}

/** Opens the folder, making what is missing: folders, and the key pair for signed cookies. */
export function openDataFolder(folder: string): DataFolder {
  const inside = (name: string): string => join(folder, name);
  makeFolder(folder);
  for (const name of ['tables', 'objects', 'fleet', 'chat', 'logs', 'keys'])
    mkdirSync(inside(name), { recursive: true });
  const release = lock(folder);
  // Before there was a fleet there was one task with one spool: a host that is no more, as far as the fleet knows.
  if (existsSync(inside('spool')) && !existsSync(inside('fleet/host-0'))) {
    mkdirSync(inside('fleet/host-0'));
    renameSync(inside('spool'), inside('fleet/host-0/spool'));
  }
  const cookieKeyFile = inside('keys/cookies.pem');
  const cookiePublicFile = inside('keys/cookies.pub.pem');
  if (!existsSync(cookieKeyFile) || !existsSync(cookiePublicFile)) {
    // RSA 2048: the only kind that CloudFront takes for signed cookies beside ECDSA P-256.
    const { privateKey, publicKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    writeFileSync(cookieKeyFile, privateKey, { mode: 0o600 });
    writeFileSync(cookiePublicFile, publicKey);
  }
  return {
    tables: inside('tables'),
    objects: inside('objects'),
    fleet: inside('fleet'),
    images: inside('fleet/images.json'),
    chat: inside('chat'),
    control: inside('control.json'),
    gate: inside('keys/gate.json'),
    logs: inside('logs'),
    issuerKeyFile: inside('keys/issuer.json'),
    cookieKeyFile,
    cookiePublicKey: readFileSync(cookiePublicFile, 'utf8'),
    release,
  };
}
