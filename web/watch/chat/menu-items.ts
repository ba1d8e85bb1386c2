/** What somebody can do about a message. Pure; the API decides once more. */
import { outranks } from '../../../core/chat/may-post.ts';
import { isStaff, type ChatAuthor, type ChatMessage } from '../../../core/chat/message.ts';

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
  const staff = isStaff(you.role);
  const items: MenuItem[] = [];
  if (!isMine && isLive) items.push({ act: { do: 'mention' }, label: `Mention ${by.name}` });
  if (isMine || staff) items.push({ act: { do: 'delete' }, label: 'Delete message' });
  // Nobody is put out by somebody of the same standing.
  if (isMine || !outranks(you.role, by.role)) return items;
  items.push({ act: { do: 'purge' }, label: `Delete all of ${by.name}`, isDangerous: true });
  for (const [forS, words] of timeouts)
    items.push({ act: { do: 'timeout', forS }, label: `Timeout ${words}`, isDangerous: true });
  items.push({ act: { do: 'ban' }, label: `Ban ${by.name} …`, isDangerous: true });
  if (outranks(you.role, 'moderator') && by.role === 'viewer')
    items.push({ act: { do: 'moderator' }, label: `Make ${by.name} a moderator` });
  return items;
}
