import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { wordsOf } from '../../../api/ask.ts';
import type { AuditPage, ChatApi } from '../../../api/chat.ts';
import { day } from '../../../words/time.ts';
import { timeOfDay } from '../words.ts';
import { auditWords } from './audit-words.ts';

/** What the staff of a channel did, newest first. */
export function Audit({ api, channelId }: { readonly api: ChatApi; readonly channelId: string }) {
  const page = useSignal<AuditPage | undefined>(undefined);
  const trouble = useSignal<string | undefined>(undefined);
  const loading = useSignal(false);
  const load = async (before?: string): Promise<void> => {
    loading.value = true;
    trouble.value = undefined;
    try {
      const next = await api.audit(channelId, before);
      page.value = { ...next, entries: [...(page.value?.entries ?? []), ...next.entries] };
    } catch (error) {
      trouble.value = wordsOf(error);
    }
    loading.value = false;
  };
  useEffect(() => {
    page.value = undefined;
    void load();
  }, [api, channelId]);
  return (
    <div class="settings-page">
      {trouble.value !== undefined && (
        <p class="notice notice-warn" role="alert">
          {trouble.value}
        </p>
      )}
      {page.value?.entries.length === 0 && <p>Nothing was done yet.</p>}
      <ol class="audit">
        {page.value?.entries.map((entry) => (
          <li key={entry.id}>
            <time dateTime={new Date(entry.at).toISOString()}>
              {day(entry.at)}, {timeOfDay(entry.at)}
            </time>
            <span>
              <b>
                <bdi>{entry.by.name}</bdi>
              </b>{' '}
              {auditWords(entry)}
            </span>
          </li>
        ))}
      </ol>
      {page.value?.before !== undefined && (
        <button
          type="button"
          class="button"
          disabled={loading.value}
          onClick={() => void load(page.value?.before)}
        >
          Show older
        </button>
      )}
    </div>
  );
}
