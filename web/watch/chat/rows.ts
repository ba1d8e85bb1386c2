/** What stands in the list, one below the other. Pure. */
import type { ChatMessage } from '../../../core/chat/message.ts';
import type { Unsent } from './outbox.ts';

export type Row =
  | { readonly kind: 'message'; readonly key: string; readonly message: ChatMessage }
  /** Nothing was said before. */
  | { readonly kind: 'start'; readonly key: string }
  /** Something was said here that this page does not have. */
  | { readonly kind: 'gap'; readonly key: string }
  | { readonly kind: 'unsent'; readonly key: string; readonly unsent: Unsent };

export function rowsOf(shown: {
  readonly messages: readonly ChatMessage[];
  readonly whole?: boolean;
  readonly gaps?: ReadonlySet<string>;
  readonly unsent?: readonly Unsent[];
}): readonly Row[] {
  const { messages, whole = false, gaps, unsent = [] } = shown;
  const rows: Row[] = whole ? [{ kind: 'start', key: 'start' }] : [];
  for (const message of messages) {
    if (gaps?.has(message.id) === true) rows.push({ kind: 'gap', key: `gap-${message.id}` });
    rows.push({ kind: 'message', key: message.id, message });
  }
  for (const each of unsent) rows.push({ kind: 'unsent', key: `unsent-${each.key}`, unsent: each });
  return rows;
}
