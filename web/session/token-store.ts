/** The signed-in person of this tab. sessionStorage: it ends with the tab and no other site can read it. */
export interface Session {
  readonly accessToken: string;
  readonly expiresAtMs: number;
  readonly name: string;
}

type Storage = Pick<globalThis.Storage, 'getItem' | 'setItem' | 'removeItem'>;

const key = 'tidecast.session';
/** Taken as expired so long before: a request under way must still be in time. */
const slackMs = 15_000;

export interface TokenStore {
  read(nowMs: number): Session | undefined;
  /** Somebody was signed in here, whether or not the token still counts. */
  known(): boolean;
  write(session: Session): void;
  clear(): void;
}

export const createTokenStore = (storage: Storage): TokenStore => {
  const stored = (): Session | undefined => {
    try {
      const value: unknown = JSON.parse(storage.getItem(key) ?? 'null');
      return isSession(value) ? value : undefined;
    } catch {
      return undefined;
    }
  };
  return {
    read(nowMs) {
      const session = stored();
      return session !== undefined && session.expiresAtMs - slackMs > nowMs ? session : undefined;
    },
    known: () => stored() !== undefined,
    write: (session) => storage.setItem(key, JSON.stringify(session)),
    clear: () => storage.removeItem(key),
  };
};

const isSession = (value: unknown): value is Session =>
  typeof value === 'object' &&
  value !== null &&
  'accessToken' in value &&
  typeof value.accessToken === 'string' &&
  'expiresAtMs' in value &&
  typeof value.expiresAtMs === 'number' &&
  'name' in value &&
  typeof value.name === 'string';
