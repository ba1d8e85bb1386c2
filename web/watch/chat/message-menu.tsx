import { useLayoutEffect, useRef } from 'preact/hooks';
import type { ChatMessage } from '../../../core/chat/message.ts';
import type { Act, MenuItem } from './menu-items.ts';
import { Popover } from './popover.tsx';

/** What can be done about a message: arrows go through it, Enter does it, Escape leaves. */
export function MessageMenu(props: {
  readonly message: ChatMessage;
  readonly anchor: HTMLElement;
  readonly items: readonly MenuItem[];
  readonly act: (act: Act) => void;
  readonly close: () => void;
}) {
  const list = useRef<HTMLDivElement>(null);
  const buttons = (): readonly HTMLButtonElement[] => [...(list.current?.querySelectorAll('button') ?? [])];
  useLayoutEffect(() => buttons()[0]?.focus(), []);
  const move = (to: (at: number, count: number) => number): void => {
    const all = buttons();
    const at = all.findIndex((button) => button === document.activeElement);
    all[(to(at, all.length) + all.length) % all.length]?.focus();
  };
  return (
    <Popover
      anchor={props.anchor}
      class="chat-menu"
      role="menu"
      label={`Message of ${props.message.by.name}`}
      close={props.close}
      onKeyDown={(event) => {
        if (event.key === 'ArrowDown') move((at) => at + 1);
        else if (event.key === 'ArrowUp') move((at) => at - 1);
        else if (event.key === 'Home') move(() => 0);
        else if (event.key === 'End') move((_, count) => count - 1);
        else if (event.key === 'Tab') props.close();
        else return;
        event.preventDefault();
      }}
    >
      <div ref={list}>
        {props.items.map((item) => (
          <button
            type="button"
            role="menuitem"
            tabIndex={-1}
            key={item.label}
            class={item.isDangerous === true ? 'is-dangerous' : ''}
            onClick={() => props.act(item.act)}
          >
            <bdi>{item.label}</bdi>
          </button>
        ))}
      </div>
    </Popover>
  );
}
