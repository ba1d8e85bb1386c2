import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { wordsOf } from '../../api/ask.ts';
import { Dialog } from '../../design/dialog.tsx';

/** Asks before something is done to many people, and says why it could not be. */
export function ConfirmDialog(props: {
  readonly title: string;
  readonly button: string;
  readonly isDanger?: boolean;
  readonly act: () => Promise<void>;
  readonly close: () => void;
  readonly children: ComponentChildren;
}) {
  const trouble = useSignal<string | undefined>(undefined);
  const sending = useSignal(false);
  const send = async (): Promise<void> => {
    if (sending.value) return;
    sending.value = true;
    trouble.value = undefined;
    try {
      await props.act();
      props.close();
    } catch (error) {
      trouble.value = wordsOf(error);
    } finally {
      sending.value = false;
    }
  };
  return (
    <Dialog open title={props.title} close={props.close} ownActions>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        {props.children}
        <p class="wish-trouble" role="alert">
          {trouble.value}
        </p>
        <div class="dialog-actions">
          <button
            type="submit"
            class={props.isDanger === true ? 'button danger' : 'button primary'}
            disabled={sending.value}
          >
            {sending.value ? 'Asking …' : props.button}
          </button>
          {/* What harms many is not one more Enter away. */}
          <button type="button" class="button" autoFocus={props.isDanger === true} onClick={props.close}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}
