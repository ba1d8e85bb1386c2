import { useSignal, type Signal } from '@preact/signals';
import { useId, useRef } from 'preact/hooks';
import { Icon } from '../../design/icons.tsx';
import type { Aloud } from './announce.ts';
import { Popover } from './popover.tsx';

const choices: Readonly<Record<Aloud, string>> = {
  all: 'New messages; a summary when many come',
  mentions: 'Only what is said to me',
  nothing: 'Nothing',
};

/** How one hears the chat, and the way to the settings for those who run it. */
export function Options(props: {
  readonly aloud: Signal<Aloud>;
  /** Opens the settings; undefined for viewers. */
  readonly settings: (() => void) | undefined;
}) {
  const open = useSignal(false);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const { settings } = props;
  return (
    <>
      <button
        type="button"
        ref={button}
        class="icon-button"
        aria-label="Chat options"
        title="Chat options"
        aria-expanded={open.value}
        onClick={() => (open.value = true)}
      >
        <Icon name="quality" />
      </button>
      {open.value && button.current !== null && (
        <Popover
          anchor={button.current}
          class="chat-options"
          role="dialog"
          label="Chat options"
          close={() => (open.value = false)}
        >
          <label for={`${id}-aloud`}>Screen readers hear</label>
          <select
            id={`${id}-aloud`}
            value={props.aloud.value}
            onChange={(event) => (props.aloud.value = event.currentTarget.value as Aloud)}
          >
            {Object.entries(choices).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
          {settings !== undefined && (
            <button
              type="button"
              class="button"
              onClick={() => {
                open.value = false;
                // The dialog gives the focus back to where it was.
                button.current?.focus();
                settings();
              }}
            >
              Chat settings
            </button>
          )}
        </Popover>
      )}
    </>
  );
}
