import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { visibilities, type Visibility } from '../../core/broadcast/types.ts';
import { CopyButton } from '../design/copy-button.tsx';
import type { SaveState } from './saving.ts';

export function Field(props: {
  readonly label: string;
  readonly value: string;
  readonly change: (value: string) => void;
  readonly error?: string | undefined;
  readonly hint?: string;
  readonly maxLength: number;
  readonly name: string;
  readonly autoFocus?: boolean;
}) {
  const id = useId();
  const note = props.error ?? props.hint;
  return (
    <div class={`field ${props.error === undefined ? '' : 'field-wrong'}`}>
      <label for={id}>{props.label}</label>
      <input
        id={id}
        name={props.name}
        type="text"
        autoComplete="off"
        autoFocus={props.autoFocus === true}
        maxLength={props.maxLength}
        value={props.value}
        aria-invalid={props.error !== undefined}
        aria-describedby={note === undefined ? undefined : `${id}-note`}
        onInput={(event) => props.change(event.currentTarget.value)}
      />
      {note !== undefined && (
        <p class="field-note" id={`${id}-note`}>
          {note}
        </p>
      )}
    </div>
  );
}

export const visibilityWords: Readonly<Record<Visibility, string>> = {
  public: 'Public: listed in the directory',
  unlisted: 'Unlisted: whoever has the link',
  private: 'Private: only you',
};

export function VisibilityField(props: {
  readonly label: string;
  readonly value: Visibility;
  readonly change: (value: Visibility) => void;
  readonly disabled?: boolean;
  readonly bare?: boolean;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id} class={props.bare === true ? 'hidden-label' : ''}>
        {props.label}
      </label>
      <select
        id={id}
        value={props.value}
        disabled={props.disabled === true}
        onChange={(event) => {
          const chosen = visibilities.find((each) => each === event.currentTarget.value);
          if (chosen !== undefined) props.change(chosen);
        }}
      >
        {visibilities.map((each) => (
          <option key={each} value={each}>
            {props.bare === true ? each : visibilityWords[each]}
          </option>
        ))}
      </select>
    </div>
  );
}

/** A value to take along: an address, or a key that is covered until asked for. */
export function Takeaway(props: {
  readonly label: string;
  readonly value: string;
  readonly covered?: boolean;
}) {
  const id = useId();
  const shown = useSignal(props.covered !== true);
  return (
    <div class="field takeaway">
      <label for={id}>{props.label}</label>
      <div class="takeaway-row">
        <input
          id={id}
          type={shown.value ? 'text' : 'password'}
          readOnly
          autoComplete="off"
          spellcheck={false}
          value={props.value}
          onFocus={(event) => shown.value && event.currentTarget.select()}
        />
        {props.covered === true && (
          <button
            type="button"
            class="button"
            aria-pressed={shown.value}
            onClick={() => (shown.value = !shown.value)}
          >
            {shown.value ? 'Hide' : 'Show'}
          </button>
        )}
        <CopyButton text={props.value} label="Copy" name={`Copy ${props.label.toLowerCase()}`} />
      </div>
    </div>
  );
}

export const Saved = ({
  state,
  children,
}: {
  readonly state: SaveState;
  readonly children?: ComponentChildren;
}) => (
  <p class={`save-state ${state.at === 'failed' ? 'save-failed' : ''}`} role="status">
    {state.at === 'saving' && 'Saving …'}
    {state.at === 'saved' && 'Saved'}
    {state.at === 'failed' && `Not saved. ${state.words}`}
    {state.at === 'rest' && children}
  </p>
);
