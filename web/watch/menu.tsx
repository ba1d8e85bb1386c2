import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

export interface Choice<T> {
  readonly value: T;
  readonly label: string;
  readonly note?: string;
}

/** A button that opens a short list of choices above it. Radio buttons: arrows and screen readers work by themselves. */
export function Menu<T extends string | number>(props: {
  readonly name: string;
  readonly label: string;
  readonly choices: readonly Choice<T>[];
  readonly chosen: T;
  readonly choose: (value: T) => void;
  readonly children: ComponentChildren;
}) {
  const open = useSignal(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();

  useEffect(() => {
    if (!open.value) return undefined;
    root.current?.querySelector<HTMLInputElement>('input:checked')?.focus();
    const outside = (event: Event): void => {
      if (event.target instanceof Node && root.current?.contains(event.target) !== true) open.value = false;
    };
    document.addEventListener('pointerdown', outside);
    return () => document.removeEventListener('pointerdown', outside);
  }, [open.value]);

  const close = (): void => {
    open.value = false;
    button.current?.focus();
  };

  return (
    <div
      class="menu"
      ref={root}
      onKeyDown={(event) => {
        if (!open.value) return;
        // The player's shortcuts stay out of an open menu.
        event.stopPropagation();
        if (event.key === 'Escape' || event.key === 'Enter') close();
      }}
    >
      <button
        type="button"
        ref={button}
        class="control control-text"
        aria-label={props.label}
        aria-expanded={open.value}
        aria-controls={id}
        data-menu={props.name}
        onClick={() => (open.value = !open.value)}
      >
        {props.children}
      </button>
      {open.value && (
        <fieldset class="menu-list" id={id}>
          <legend>{props.label}</legend>
          {props.choices.map((choice) => (
            <label key={choice.value}>
              <input
                type="radio"
                name={props.name}
                value={String(choice.value)}
                checked={choice.value === props.chosen}
                onChange={() => props.choose(choice.value)}
                onClick={(event) => {
                  // A real click (not an arrow key, which clicks at 0,0) is a decision: done.
                  if (event.detail > 0) close();
                }}
              />
              <span>{choice.label}</span>
              {choice.note !== undefined && <small>{choice.note}</small>}
            </label>
          ))}
        </fieldset>
      )}
    </div>
  );
}
