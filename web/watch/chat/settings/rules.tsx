import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { ChatSettings } from '../../../../core/chat/mode.ts';
import type { SettingsChange } from '../../../api/chat.ts';
import { span } from '../words.ts';
import { blockedWordsIn } from './blocked-words.ts';
import { followersWords } from './followers-words.ts';

const slow = [0, 3, 5, 10, 30, 60, 300] as const;
const followers = [0, 10, 60, 1_440, 10_080] as const;

export function Rules(props: {
  readonly settings: ChatSettings;
  readonly change: (change: SettingsChange) => Promise<boolean>;
}) {
  const { settings, change } = props;
  const id = useId();
  const words = useSignal<string | undefined>(undefined);
  const saved = useSignal(false);
  const set = async (next: SettingsChange): Promise<void> => {
    saved.value = false;
    if (await change(next)) saved.value = true;
  };
  const shownWords = words.value ?? settings.blockedWords.join('\n');
  const parsed = blockedWordsIn(shownWords);
  const isChanged = words.value !== undefined && parsed.words.join('\n') !== settings.blockedWords.join('\n');
  const select = (
    name: string,
    chosen: string,
    choices: readonly (readonly [string, string])[],
    pick: (value: string) => SettingsChange,
    label: string,
  ) => (
    <div class="field">
      <label for={`${id}-${name}`}>{label}</label>
      <select
        id={`${id}-${name}`}
        value={chosen}
        onChange={(event) => void set(pick(event.currentTarget.value))}
      >
        {(choices.some(([value]) => value === chosen)
          ? choices
          : [...choices, [chosen, chosen] as const]
        ).map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
  return (
    <div class="settings-page">
      <div class={`emergency ${settings.off ? 'emergency-on' : ''}`}>
        <p>
          <b>{settings.off ? 'The chat is off.' : 'Emergency'}</b>{' '}
          {settings.off
            ? 'Only moderators can write.'
            : 'Turns the chat off for everybody but moderators, at once.'}
        </p>
        <button
          type="button"
          class={settings.off ? 'button primary' : 'button danger'}
          aria-pressed={settings.off}
          onClick={() => void set({ off: !settings.off })}
        >
          {settings.off ? 'Turn the chat on' : 'Turn the chat off'}
        </button>
      </div>
      {select(
        'slow',
        String(settings.slowS),
        slow.map((seconds) => [String(seconds), seconds === 0 ? 'Off' : `One message in ${span(seconds)}`]),
        (value) => ({ slowS: Number(value) }),
        'Slow mode',
      )}
      {select(
        'followers',
        settings.followersMin === undefined ? 'all' : String(settings.followersMin),
        [
          ['all', 'Everybody'],
          ...followers.map((minutes) => [String(minutes), followersWords(minutes)] as const),
        ],
        (value) => ({ followersMin: value === 'all' ? null : Number(value) }),
        'Who can write',
      )}
      {select(
        'links',
        settings.links,
        [
          ['staff-only', 'Only moderators'],
          ['allowed', 'Everybody'],
        ],
        (value) => ({ links: value === 'allowed' ? 'allowed' : 'staff-only' }),
        'Who can post links',
      )}
      <form
        class="field"
        onSubmit={(event) => {
          event.preventDefault();
          void set({ blockedWords: parsed.words }).then(() => {
            if (saved.value) words.value = undefined;
          });
        }}
      >
        <label for={`${id}-words`}>Blocked words and phrases, one on a line</label>
        <textarea
          id={`${id}-words`}
          rows={5}
          value={shownWords}
          aria-describedby={`${id}-words-note`}
          onInput={(event) => (words.value = event.currentTarget.value)}
        />
        <p class="muted" id={`${id}-words-note`}>
          {parsed.trouble ?? `${parsed.words.length} of 500`}
        </p>
        <button type="submit" class="button" disabled={!isChanged || parsed.trouble !== undefined}>
          Save words
        </button>
      </form>
      <p class="muted" role="status">
        {saved.value && 'Saved: it holds now, on all screens.'}
      </p>
    </div>
  );
}
