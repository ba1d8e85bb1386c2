/** What somebody can do about a message. Pure; the API decides once more. */
import { outranks } from '../../../core/chat/may-post.ts';
import type { ChatAuthor, ChatMessage } from '../../../core/chat/message.ts';

export type Act =
  | { readonly do: 'mention' | 'delete' | 'purge' | 'ban' | 'moderator' }
  | { readonly do: 'timeout'; readonly forS: number };

export interface MenuItem {
  readonly act: Act;
  readonly label: string;
  readonly isDangerous?: boolean;
}

const timeouts = [
  [60, '1 minute'],
  [600, '10 minutes'],
  [3_600, '1 hour'],
  [86_400, '24 hours'],
] as const;

/** `isLive`: one can write now. What was said in a recording can still be taken out of it. */
export function menuItems(
  you: ChatAuthor | undefined,
  { by }: ChatMessage,
  isLive: boolean,
): readonly MenuItem[] {
  if (you === undefined) return [];
  const isMine = by.id === you.id;
  const items: MenuItem[] = [];
  if (!isMine && isLive) items.push({ act: { do: 'mention' }, label: `Mention ${by.name}` });
  const isAbove = outranks(you.role, by.role);
  if (isMine || isAbove || you.role === 'operator')
    items.push({ act: { do: 'delete' }, label: 'Delete message' });
  // Nobody is put out by somebody of the same standing.
  if (isMine || !isAbove) return items;
  items.push({ act: { do: 'purge' }, label: `Delete all of ${by.name}`, isDangerous: true });
  for (const [forS, words] of timeouts)
    items.push({ act: { do: 'timeout', forS }, label: `Timeout ${words}`, isDangerous: true });
  items.push({ act: { do: 'ban' }, label: `Ban ${by.name} …`, isDangerous: true });
  if (outranks(you.role, 'moderator') && by.role === 'viewer')
    items.push({ act: { do: 'moderator' }, label: `Make ${by.name} a moderator` });
  return items;
}
