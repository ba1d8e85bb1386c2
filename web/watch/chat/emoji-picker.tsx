import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { findEmoji } from './emoji.ts';
import { Popover } from './popover.tsx';

/** Columns of the grid (chat-parts.css). */
const columns = 8;

/** Arrows go over the emoji, Enter takes one and leaves the picker open for the next. */
export function EmojiPicker(props: {
  readonly anchor: HTMLElement;
  readonly take: (emoji: string) => void;
  readonly close: () => void;
}) {
  const words = useSignal('');
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    // On a phone the keyboard would cover what there is to choose from.
    if (matchMedia('(hover: hover)').matches) field.current?.focus();
  }, []);
  const groups = findEmoji(words.value);
  const buttons = (): readonly HTMLButtonElement[] => [...(list.current?.querySelectorAll('button') ?? [])];

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: columns,
      ArrowUp: -columns,
    };
    const step = steps[event.key];
    const all = buttons();
    const at = all.findIndex((button) => button === document.activeElement);
    if (at < 0) {
      // From the words downwards; left and right move in them.
      if (event.key !== 'ArrowDown' && event.key !== 'Enter') return;
      if (event.key === 'Enter' && all[0] !== undefined) props.take(all[0].textContent);
      else all[0]?.focus();
    } else if (step === undefined) return;
    else if (at + step < 0) field.current?.focus();
    else all[Math.min(all.length - 1, at + step)]?.focus();
    event.preventDefault();
  };

  return (
    <Popover
      anchor={props.anchor}
      class="emoji-picker"
      role="dialog"
      label="Emoji"
      close={props.close}
      onKeyDown={onKeyDown}
    >
      <input
        ref={field}
        type="search"
        class="emoji-words"
        aria-label="Find emoji"
        placeholder="Find emoji"
        value={words.value}
        onInput={(event) => (words.value = event.currentTarget.value)}
      />
      <div class="emoji-groups" ref={list}>
        {groups.length === 0 && <p class="muted">Nothing found.</p>}
        {groups.map((group) => (
          <section key={group.name} aria-label={group.name}>
            <h3>{group.name}</h3>
            <div class="emoji-grid">
              {group.emoji.map(({ text, name }) => (
                <button
                  type="button"
                  tabIndex={-1}
                  key={text}
                  aria-label={name}
                  title={name}
                  onClick={() => props.take(text)}
                >
                  {text}
                </button>
              ))}
            </div>
          </section>
        ))}
      </div>
    </Popover>
  );
}
