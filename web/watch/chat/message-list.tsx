import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { shortCount } from '../../words/count.ts';
import type { Row } from './rows.ts';
import { endMarginPx, useVirtualRows } from './virtual-rows.ts';

export interface MessageListProps {
  readonly rows: readonly Row[];
  readonly label: string;
  /** What is shown when there are none. */
  readonly empty: string;
  readonly draw: (row: Row) => ComponentChildren;
  readonly classOf: (row: Row) => string;
  /** Somebody has scrolled up, with this message as the last one they had; undefined: is back at the end. */
  readonly hold: (id: string | undefined) => void;
  /** Messages that came since somebody scrolled up. */
  readonly fresh: number;
  /** Enter, or a tap where nothing hovers. */
  readonly open: (row: Row, element: HTMLElement) => void;
}

/** A scroll within so long after a wheel, a finger or a key is the viewer's own. */
const gestureMs = 800;

export function MessageList(props: MessageListProps) {
  const { rows } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const following = useSignal(true);
  const active = useSignal<string | undefined>(undefined);
  const wanted = useRef<string | undefined>(undefined);
  const gestureAt = useRef(-Infinity);
  const lastTop = useRef(0);
  const keys = rows.map(({ key }) => key);
  const activeIndex = active.value === undefined ? -1 : keys.indexOf(active.value);
  const hasFocus = useRef(false);
  const virtual = useVirtualRows({
    scroller,
    keys,
    kept: hasFocus.current && activeIndex >= 0 ? activeIndex : undefined,
  });

  const follow = (): void => {
    following.value = true;
    props.hold(undefined);
    virtual.scrollToEnd();
  };
  const stop = (): void => {
    if (!following.value) return;
    following.value = false;
    props.hold(rows.findLast((row) => row.kind === 'message')?.key);
  };

  useLayoutEffect(() => {
    if (following.value && rows.length > 0 && !virtual.isAtEnd(1)) virtual.scrollToEnd();
    const element = scroller.current;
    if (element === null) return;
    if (wanted.current !== undefined) {
      const row = rowElement(element, wanted.current);
      if (row !== null) {
        wanted.current = undefined;
        row.focus({ preventScroll: true });
      }
    } else if (hasFocus.current && document.activeElement === document.body) {
      // The line that had the focus was taken away.
      element.focus({ preventScroll: true });
    }
  });

  // Own lines are sent from the end.
  const lastUnsent = rows.findLast((row) => row.kind === 'unsent')?.key;
  useEffect(() => {
    if (lastUnsent !== undefined && !following.value) follow();
  }, [lastUnsent]);

  const onScroll = (): void => {
    const element = scroller.current;
    if (element === null) return;
    const isUp = element.scrollTop < lastTop.current;
    lastTop.current = element.scrollTop;
    const fromEndPx = element.scrollHeight - element.clientHeight - element.scrollTop;
    if (fromEndPx <= endMarginPx) {
      if (!following.value && performance.now() - gestureAt.current < gestureMs) follow();
    } else if (isUp && performance.now() - gestureAt.current < gestureMs) stop();
  };
  const onGesture = (): void => {
    gestureAt.current = performance.now();
  };

  const go = (to: number): void => {
    const index = Math.max(0, Math.min(rows.length - 1, to));
    const key = keys[index];
    if (key === undefined) return;
    active.value = key;
    wanted.current = key;
    if (index < rows.length - 1) stop();
    else follow();
    virtual.scrollToIndex(index, { align: 'auto' });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    onGesture();
    const at = activeIndex < 0 ? rows.length : activeIndex;
    const page = 10;
    if (event.key === 'ArrowUp') go(at - 1);
    else if (event.key === 'ArrowDown') go(at + 1);
    else if (event.key === 'PageUp') go(at - page);
    else if (event.key === 'PageDown') go(at + page);
    else if (event.key === 'Home') go(0);
    else if (event.key === 'End') go(rows.length - 1);
    else if (
      event.key === 'Enter' &&
      event.target instanceof HTMLElement &&
      event.target.matches('[data-key]')
    ) {
      const row = rows[activeIndex];
      if (row !== undefined) props.open(row, event.target);
    } else return;
    event.preventDefault();
  };

  const items = virtual.getVirtualItems();
  // One line is reached by Tab: where one was, or the last.
  const reached = activeIndex >= 0 ? activeIndex : rows.length - 1;
  return (
    <div class="lines-frame">
      <div
        class="lines"
        ref={scroller}
        role="log"
        // Announcer speaks instead: of a fast chat nobody could listen to every line.
        aria-live="off"
        aria-label={props.label}
        tabIndex={-1}
        data-own-keys
        data-following={String(following.value)}
        onScroll={onScroll}
        onWheel={onGesture}
        onTouchMove={onGesture}
        onPointerDown={onGesture}
        onPointerMove={(event) => event.buttons !== 0 && onGesture()}
        onKeyDown={onKeyDown}
        onFocusIn={(event) => {
          hasFocus.current = true;
          const key =
            event.target instanceof HTMLElement
              ? event.target.closest<HTMLElement>('[data-key]')?.dataset['key']
              : undefined;
          if (key !== undefined) active.value = key;
        }}
        onFocusOut={(event) => {
          const to = event.relatedTarget;
          // Without a target it may be a line that was taken away, or a menu over it.
          if (to instanceof Node && scroller.current?.contains(to) !== true) hasFocus.current = false;
        }}
      >
        {rows.length === 0 && <p class="lines-empty">{props.empty}</p>}
        <div class="lines-all" role="list" style={{ height: `${virtual.getTotalSize()}px` }}>
          {items.map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            return (
              <div
                key={row.key}
                ref={virtual.measureElement}
                role="listitem"
                class={`line ${props.classOf(row)}`}
                tabIndex={item.index === reached ? 0 : -1}
                data-key={row.key}
                data-index={item.index}
                style={{ transform: `translateY(${item.start}px)` }}
                onClick={(event) => {
                  // A finger has nothing to hover with.
                  const isPlain =
                    event.target instanceof Element && event.target.closest('a, button') === null;
                  if (isPlain && matchMedia('(hover: none)').matches) props.open(row, event.currentTarget);
                }}
              >
                {props.draw(row)}
              </div>
            );
          })}
        </div>
      </div>
      {!following.value && (
        <button type="button" class="to-end" onClick={follow}>
          {props.fresh > 0
            ? `${shortCount(props.fresh)} new ${props.fresh === 1 ? 'message' : 'messages'}`
            : 'Newest messages'}{' '}
          ↓
        </button>
      )}
    </div>
  );
}

const rowElement = (scroller: HTMLElement, key: string): HTMLElement | null =>
  scroller.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
