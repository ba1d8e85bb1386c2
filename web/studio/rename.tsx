import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { OwnChannel } from '../../core/api/types.ts';
import type { Api } from '../api/client.ts';
import { Field, Saved } from './fields.tsx';
import { createSaving, fieldError } from './saving.ts';

/** The channel's name, kept small: it is changed seldom. */
export function Rename(props: {
  readonly api: Api;
  readonly channel: OwnChannel;
  readonly changed: (channel: OwnChannel) => void;
}) {
  const { api, channel } = props;
  const typed = useSignal(channel.name);
  const saving = useMemo(createSaving, []);
  const state = saving.state.value;
  const name = typed.value.trim();
  return (
    <details class="steps">
      <summary>Rename channel</summary>
      <form
        class="form"
        aria-label="Rename channel"
        onSubmit={(event) => {
          event.preventDefault();
          void saving.run(async () => props.changed(await api.changeChannel(channel.channelId, { name })));
        }}
      >
        <Field
          label="Channel name"
          name="name"
          maxLength={60}
          value={typed.value}
          change={(value) => {
            typed.value = value;
            saving.reset();
          }}
          error={name === '' ? 'A channel needs a name.' : fieldError(state, 'name')}
        />
        <div class="form-end">
          <button
            type="submit"
            class="button"
            disabled={name === '' || name === channel.name || state.at === 'saving'}
          >
            Save name
          </button>
          <Saved state={state}>{name !== '' && name !== channel.name && 'Not saved yet'}</Saved>
        </div>
      </form>
    </details>
  );
}
