import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

const gapPx = 6;

/** A small box over everything, beside what opened it: closes on Escape and on a click elsewhere. */
export function Popover(props: {
  readonly anchor: Element;
  readonly class: string;
  readonly role: 'menu' | 'dialog';
  readonly label: string;
  readonly close: () => void;
  readonly onKeyDown?: JSX.KeyboardEventHandler<HTMLDivElement>;
  readonly children: ComponentChildren;
}) {
  const element = useRef<HTMLDivElement>(null);
  const { close, anchor } = props;
  const closing = useRef(close);
  closing.current = close;
  useLayoutEffect(() => {
    const box = element.current;
    if (box === null) return undefined;
    box.showPopover();
    place(box, anchor);
    const onToggle = (event: ToggleEvent): void => {
      if (event.newState === 'closed') closing.current();
    };
    box.addEventListener('toggle', onToggle);
    return () => box.removeEventListener('toggle', onToggle);
  }, [anchor]);
  return (
    <div
      ref={element}
      popover="auto"
      class={`popover ${props.class}`}
      role={props.role}
      aria-label={props.label}
      data-own-keys
      {...(props.onKeyDown === undefined ? {} : { onKeyDown: props.onKeyDown })}
    >
      {props.children}
    </div>
  );
}

/** Above what opened it where there is room, else below; never off the screen. */
function place(box: HTMLElement, anchor: Element): void {
  const at = anchor.getBoundingClientRect();
  const { width, height } = box.getBoundingClientRect();
  const above = at.top - height - gapPx;
  const below = at.bottom + gapPx;
  const top = above >= gapPx ? above : Math.min(below, innerHeight - height - gapPx);
  const left = Math.min(at.right - width, innerWidth - width - gapPx);
  box.style.top = `${Math.max(gapPx, top)}px`;
  box.style.left = `${Math.max(gapPx, left)}px`;
}
