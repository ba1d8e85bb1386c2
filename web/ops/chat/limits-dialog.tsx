import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { ChatLimits } from '../../../core/chat/limits.ts';
import { Dialog } from '../../design/dialog.tsx';
import { rate } from './chat-words.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { limitFields, readLimits, typedOf, type LimitField } from './limit-form.ts';

/** First what is wanted, then what that changes: it holds at once for everybody. */
export function LimitsDialog(props: {
  readonly limits: ChatLimits;
  readonly change: (changes: Partial<ChatLimits>) => Promise<void>;
  readonly close: () => void;
}) {
  const id = useId();
  // As they were when the dialog opened: a view that comes meanwhile must not change what is compared with.
  const before = useSignal(props.limits).peek();
  const typed = useSignal(typedOf(before));
  const isReviewed = useSignal(false);
  const { changes, wrong, body } = readLimits(typed.value, before);
  if (isReviewed.value)
    return (
      <ConfirmDialog
        key="review"
        title={changes.length === 1 ? 'Change this limit?' : `Change these ${changes.length} limits?`}
        button="Change now"
        act={() => props.change(body)}
        close={props.close}
      >
        <p>It holds at once, in every broadcast, also for posts that are under way.</p>
        <ul class="limit-changes">
          {changes.map(({ label, from, to }) => (
            <li key={label}>
              {label}: <s aria-hidden="true">{rate(from)}</s>
              <span class="hidden-label">from {rate(from)} to</span> <b>{rate(to)}</b>
            </li>
          ))}
        </ul>
      </ConfirmDialog>
    );
  const problem = (name: LimitField) =>
    wrong.has(name) ? ({ 'aria-invalid': true, 'aria-describedby': `${id}-${name}-wrong` } as const) : {};
  return (
    <Dialog key="form" open title="Change limits" close={props.close} ownActions>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (changes.length > 0 && wrong.size === 0) isReviewed.value = true;
        }}
      >
        <div class="limit-fields">
          {limitFields.map(({ name, label }, index) => (
            <div key={name} class={name === 'shownPerS' ? 'field field-wide' : 'field'}>
              <label for={`${id}-${name}`}>{label}</label>
              <input
                id={`${id}-${name}`}
                name={name}
                inputMode="decimal"
                autoComplete="off"
                autoFocus={index === 0}
                value={typed.value[name]}
                onInput={(event) => (typed.value = { ...typed.value, [name]: event.currentTarget.value })}
                {...problem(name)}
              />
              {wrong.has(name) && (
                <span class="field-wrong" id={`${id}-${name}-wrong`}>
                  {wrong.get(name)}
                </span>
              )}
            </div>
          ))}
        </div>
        <div class="dialog-actions">
          <button type="submit" class="button primary" disabled={changes.length === 0 || wrong.size > 0}>
            Review the change …
          </button>
          <button type="button" class="button" onClick={props.close}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}
