/** What somebody has chosen about the chat, remembered from show to show. */
import { effect, signal } from '@preact/signals';
import type { Aloud } from './announce.ts';

const hiddenKey = 'tidecast.chat-hidden';
const aloudKey = 'tidecast.chat-aloud';

export function createChoices(storage: Pick<Storage, 'getItem' | 'setItem'>) {
  const isShown = signal(storage.getItem(hiddenKey) !== 'yes');
  const remembered = storage.getItem(aloudKey);
  const aloud = signal<Aloud>(remembered === 'mentions' || remembered === 'nothing' ? remembered : 'all');
  const destroy = effect(() => {
    storage.setItem(hiddenKey, isShown.value ? 'no' : 'yes');
    storage.setItem(aloudKey, aloud.value);
  });
  return { isShown, aloud, destroy };
}

export type Choices = ReturnType<typeof createChoices>;
