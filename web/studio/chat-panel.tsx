import { useSignal } from '@preact/signals';
import type { ChatApi } from '../api/chat.ts';
import { lazyPart } from '../design/lazy-part.tsx';

const SettingsDialog = lazyPart(() =>
  import('../watch/chat/settings/settings-dialog.tsx').then((part) => part.SettingsDialog),
);

/** The way to the settings of the channel's chat, also between shows. */
export function ChatPanel({ api, channelId }: { readonly api: ChatApi; readonly channelId: string }) {
  const open = useSignal(false);
  return (
    <section class="panel" aria-label="The chat">
      <div class="key-line">
        <p>
          <b>Chat</b>
          <br />
          <span class="muted">Slow mode, followers only, blocked words, moderators, bans.</span>
        </p>
        <button type="button" class="button" onClick={() => (open.value = true)}>
          Chat settings
        </button>
      </div>
      {open.value && (
        <SettingsDialog api={api} channelId={channelId} mayAppoint close={() => (open.value = false)} />
      )}
    </section>
  );
}
