import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { ChatSettings } from '../../../../core/chat/mode.ts';
import { wordsOf } from '../../../api/ask.ts';
import type { ChatApi, SettingsChange } from '../../../api/chat.ts';
import { Dialog } from '../../../design/dialog.tsx';
import { Audit } from './audit.tsx';
import { People } from './people.tsx';
import { Rules } from './rules.tsx';

const pages = { rules: 'Rules', people: 'People', log: 'Log' } as const;
type Page = keyof typeof pages;

/** How a channel's chat is run: for its staff. Everything takes effect at once, on all screens. */
export function SettingsDialog(props: {
  readonly api: ChatApi;
  readonly channelId: string;
  /** Only the broadcaster and operators choose moderators. */
  readonly mayAppoint: boolean;
  readonly close: () => void;
}) {
  const { api, channelId } = props;
  const page = useSignal<Page>('rules');
  const settings = useSignal<ChatSettings | undefined>(undefined);
  const trouble = useSignal<string | undefined>(undefined);
  const load = useMemo(
    () => async (): Promise<void> => {
      trouble.value = undefined;
      try {
        settings.value = await api.settings(channelId);
      } catch (error) {
        trouble.value = wordsOf(error);
      }
    },
    [api, channelId],
  );
  useEffect(() => void load(), [load]);
  const change = async (next: SettingsChange): Promise<boolean> => {
    trouble.value = undefined;
    try {
      settings.value = await api.changeSettings(channelId, next);
      return true;
    } catch (error) {
      trouble.value = wordsOf(error);
      return false;
    }
  };
  return (
    <Dialog open title="Chat settings" close={props.close}>
      <div class="settings-tabs" role="tablist" aria-label="Chat settings">
        {Object.entries(pages).map(([name, words]) => (
          <button
            type="button"
            role="tab"
            key={name}
            aria-selected={page.value === name}
            onClick={() => (page.value = name as Page)}
          >
            {words}
          </button>
        ))}
      </div>
      {trouble.value !== undefined && (
        <p class="notice notice-warn" role="alert">
          <span>{trouble.value}</span>
          {settings.value === undefined && (
            <button type="button" class="button" onClick={() => void load()}>
              Try again
            </button>
          )}
        </p>
      )}
      {page.value === 'rules' &&
        (settings.value === undefined ? (
          trouble.value === undefined && <p class="muted">Loading …</p>
        ) : (
          <Rules settings={settings.value} change={change} />
        ))}
      {page.value === 'people' && <People api={api} channelId={channelId} mayAppoint={props.mayAppoint} />}
      {page.value === 'log' && <Audit api={api} channelId={channelId} />}
    </Dialog>
  );
}
