import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from '../../design/icons.tsx';
import type { ComposerState } from './composer-state.ts';
import { EmojiPicker } from './emoji-picker.tsx';
import { completed, matching, typingAt } from './mentions.ts';
import { countOf } from './text.ts';
import { left } from './words.ts';

export interface ComposerProps {
  readonly draft: Signal<string>;
  readonly state: ComposerState;
  readonly maxLength: number;
  readonly nowMs: number;
  /** Who wrote, the newest last. */
  readonly names: () => readonly string[];
  readonly myName: string | undefined;
  readonly send: (text: string) => void;
  readonly act: (action: NonNullable<ComposerState['action']>) => void;
  /** Rises when a mention was put into the draft from elsewhere: then this is the place to go on. */
  readonly called: Signal<number>;
}

const actions = { 'sign-in': 'Sign in', follow: 'Follow', 'go-live': 'Go live' } as const;
/** From so near to the limit on the count is shown. */
const countFrom = 0.8;

export function Composer(props: ComposerProps) {
  const { draft, state, maxLength, myName } = props;
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const smile = useRef<HTMLButtonElement>(null);
  const picking = useSignal(false);
  const cursor = useSignal(0);
  const chosen = useSignal(0);
  /** Escape has closed the names for what is being typed. */
  const refused = useSignal<number | undefined>(undefined);
  const text = draft.value;
  const count = countOf(text);
  const isLong = count > maxLength;
  const canSend = state.canSend && text.trim() !== '' && !isLong;

  const typing = state.canWrite ? typingAt(text, cursor.value) : undefined;
  const isOpen = typing !== undefined && typing.from !== refused.value;
  const names = isOpen ? matching(props.names(), typing.start, myName) : [];
  const at = Math.min(chosen.value, names.length - 1);

  useLayoutEffect(() => {
    const element = field.current;
    if (element === null) return;
    // As high as its text; the style sheet ends it at four lines.
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight + 2}px`;
  }, [text, state.canWrite]);

  useEffect(() => {
    if (props.called.value === 0) return;
    const element = field.current;
    element?.focus();
    element?.setSelectionRange(element.value.length, element.value.length);
  }, [props.called.value]);

  const write = (next: string, cursorAt: number): void => {
    draft.value = next;
    cursor.value = cursorAt;
    // After the new text has been drawn.
    requestAnimationFrame(() => field.current?.setSelectionRange(cursorAt, cursorAt));
  };
  const take = (name: string): void => {
    if (typing === undefined) return;
    const next = completed(text, typing, name);
    write(next.text, next.cursor);
    field.current?.focus();
  };
  const insert = (words: string): void => {
    const element = field.current;
    const from = element?.selectionStart ?? text.length;
    write(text.slice(0, from) + words + text.slice(element?.selectionEnd ?? from), from + words.length);
  };
  const send = (): void => {
    if (!canSend) return;
    props.send(text.trim());
    write('', 0);
    refused.value = undefined;
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    // Enter that ends a conversion (Japanese, Chinese, Korean) belongs to it; 229 is what Safari says then.
    if (event.isComposing || event.keyCode === 229) return;
    if (names.length > 0) {
      if (event.key === 'ArrowDown') chosen.value = (at + 1) % names.length;
      else if (event.key === 'ArrowUp') chosen.value = (at - 1 + names.length) % names.length;
      else if (event.key === 'Enter' || event.key === 'Tab') take(names[at] ?? '');
      else if (event.key === 'Escape') refused.value = typing?.from;
      else return;
      event.preventDefault();
      return;
    }
    if (event.key !== 'Enter' || event.shiftKey) return;
    event.preventDefault();
    send();
  };

  const note = (
    <>
      {state.reason}
      {state.untilMs !== undefined && ` ${left(state.untilMs - props.nowMs)}`}
    </>
  );
  const action = state.action;
  if (!state.canWrite)
    return (
      <div class="composer composer-closed">
        <p role="status" id={`${id}-why`}>
          {note}
        </p>
        {action !== undefined && (
          <button type="button" class="button" data-chat-action={action} onClick={() => props.act(action)}>
            {actions[action]}
          </button>
        )}
        {text !== '' && <p class="muted composer-kept">Kept: “{text.slice(0, 60)}”</p>}
      </div>
    );
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {names.length > 0 && (
        <ul class="mention-names" role="listbox" id={`${id}-names`} aria-label="Names">
          {names.map((name, i) => (
            <li
              key={name}
              id={`${id}-name-${i}`}
              role="option"
              aria-selected={i === at}
              // The cursor stays in the text.
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => take(name)}
            >
              @<bdi>{name}</bdi>
            </li>
          ))}
        </ul>
      )}
      <div class="composer-field">
        <textarea
          ref={field}
          rows={1}
          aria-label="Message"
          placeholder="Say something"
          aria-describedby={`${id}-why ${id}-count`}
          aria-invalid={isLong}
          aria-autocomplete="list"
          aria-controls={`${id}-names`}
          {...(names.length > 0 ? { 'aria-activedescendant': `${id}-name-${at}` } : {})}
          enterkeyhint="send"
          autoComplete="off"
          value={text}
          onInput={(event) => {
            draft.value = event.currentTarget.value;
            cursor.value = event.currentTarget.selectionStart;
            chosen.value = 0;
          }}
          onSelect={(event) => (cursor.value = event.currentTarget.selectionStart)}
          onKeyDown={onKeyDown}
        />
        <button
          type="button"
          ref={smile}
          class="icon-button"
          aria-label="Emoji"
          aria-expanded={picking.value}
          title="Emoji"
          onClick={() => (picking.value = true)}
        >
          <Icon name="smile" />
        </button>
        <button
          type="submit"
          class="icon-button send"
          aria-label="Send"
          title="Send (Enter)"
          disabled={!canSend}
        >
          <Icon name="send" />
        </button>
      </div>
      <div class="composer-notes">
        {/* Counted down every second, but said only when the reason changes. */}
        <p id={`${id}-why`} aria-hidden={state.untilMs === undefined ? undefined : 'true'}>
          {state.reason !== undefined && note}
        </p>
        <span class="hidden-label" role="status">
          {state.reason ?? ''}
        </span>
        <output id={`${id}-count`} class={isLong ? 'count-over' : 'muted'}>
          {count >= maxLength * countFrom &&
            (isLong ? `${count - maxLength} too many` : `${count}/${maxLength}`)}
        </output>
      </div>
      {picking.value && smile.current !== null && (
        <EmojiPicker
          anchor={smile.current}
          take={insert}
          close={() => {
            picking.value = false;
            field.current?.focus();
          }}
        />
      )}
    </form>
  );
}
