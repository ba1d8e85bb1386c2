/** What somebody wrote and did not send yet: kept in this tab over a reload and over the way to the sign-in. */
import { isReason, type Outbox, type Unsent } from './outbox.ts';

export interface Keepsake {
  readonly draft: string;
  readonly unsent: Outbox;
}

type Storage = Pick<globalThis.Storage, 'getItem' | 'setItem' | 'removeItem'>;

const keyOf = (broadcastId: string): string => `tidecast.chat.${broadcastId}`;

export function readKeepsake(storage: Storage, broadcastId: string): Keepsake {
  const nothing: Keepsake = { draft: '', unsent: [] };
  try {
    const value: unknown = JSON.parse(storage.getItem(keyOf(broadcastId)) ?? 'null');
    if (typeof value !== 'object' || value === null) return nothing;
    const { draft, unsent } = value as Partial<Keepsake>;
    return {
      draft: typeof draft === 'string' ? draft : '',
      unsent: (Array.isArray(unsent) ? unsent : []).map(cameBack),
    };
  } catch {
    return nothing;
  }
}

/** Without a reason nobody knows whether it arrived; its key keeps it from arriving twice. */
function cameBack({ key, text, atMs, reason, trouble }: Unsent): Unsent {
  const again = { key, text, atMs, state: 'failed' } as const;
  return isReason(reason) && typeof trouble === 'string'
    ? { ...again, reason, trouble }
    : { ...again, trouble: 'Not known to have been sent' };
}

export function writeKeepsake(storage: Storage, broadcastId: string, { draft, unsent }: Keepsake): void {
  try {
    if (draft === '' && unsent.length === 0) storage.removeItem(keyOf(broadcastId));
    else storage.setItem(keyOf(broadcastId), JSON.stringify({ draft, unsent }));
  } catch {
    // Full, or forbidden: it is a kindness, nothing depends on it.
  }
}
