import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { OwnChannel } from '../../core/api/types.ts';
import type { Api } from '../api/client.ts';
import { Field, Saved } from './fields.tsx';
import { createSaving, fieldError } from './saving.ts';

export function CreateChannel(props: {
  readonly api: Api;
  readonly created: (channel: OwnChannel, streamKey: string) => void;
  readonly cancel?: () => void;
}) {
  const name = useSignal('');
  const missing = useSignal(false);
  const saving = useMemo(createSaving, []);
  const state = saving.state.value;
  const form = useRef<HTMLFormElement>(null);
  const wrong = missing.value || fieldError(state, 'name') !== undefined;
  useEffect(() => {
    if (wrong) form.current?.querySelector('input')?.focus();
  }, [wrong]);
  const submit = async (): Promise<void> => {
    missing.value = name.value.trim() === '';
    if (missing.value) {
      // Also when it was said before: nothing changes then.
      form.current?.querySelector('input')?.focus();
      return;
    }
    await saving.run(async () => {
      const { channel, streamKey } = await props.api.createChannel({ name: name.value.trim() });
      props.created(channel, streamKey);
    });
  };
  return (
    <form
      ref={form}
      class="form"
      aria-label="New channel"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Field
        label="Name of the channel"
        name="name"
        hint="Viewers see it beside your shows. You can change it later."
        maxLength={60}
        value={name.value}
        change={(value) => {
          name.value = value;
          missing.value = false;
          saving.reset();
        }}
        error={missing.value ? 'Give your channel a name.' : fieldError(state, 'name')}
        autoFocus
      />
      <div class="form-end">
        <button type="submit" class="button primary" disabled={state.at === 'saving'}>
          Make the channel
        </button>
        {props.cancel !== undefined && (
          <button type="button" class="button" onClick={props.cancel}>
            Cancel
          </button>
        )}
        {state.at === 'failed' && fieldError(state, 'name') === undefined && <Saved state={state} />}
      </div>
    </form>
  );
}
