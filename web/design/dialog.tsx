import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';

/** The browser's own modal dialog: it keeps the focus, closes on Escape and gives the focus back. */
export function Dialog(props: {
  readonly open: boolean;
  readonly title: string;
  readonly close: () => void;
  /** Only its own buttons close it: what it shows won't be shown again. */
  readonly firm?: boolean;
  /** What it shows has a button to close it. */
  readonly ownActions?: boolean;
  readonly children: ComponentChildren;
}) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  const opener = useRef<Element | null>(null);
  useEffect(() => {
    if (!props.open || element.current?.open !== false) return;
    opener.current = document.activeElement;
    element.current.showModal();
  }, [props.open]);
  // A dialog that is taken off the page does not give the focus back by itself. At once, and not after
  // painting, so that another dialog that opens in its place finds the same opener.
  useLayoutEffect(() => {
    if (props.open || opener.current === null) return;
    giveFocusBack(opener.current);
    opener.current = null;
  }, [props.open]);
  // The same for one that is taken off the page while it is open; until it has gone nothing else takes the focus.
  useLayoutEffect(
    () => () => {
      const { current } = opener;
      if (current !== null) queueMicrotask(() => giveFocusBack(current));
    },
    [],
  );
  if (!props.open) return null;
  return (
    <dialog
      ref={element}
      class="dialog"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        if (props.firm !== true) props.close();
      }}
      onKeyDown={(event) => {
        // Browsers let the second Escape in a row through, whatever `cancel` says.
        if (props.firm === true && event.key === 'Escape') event.preventDefault();
      }}
      onClose={() => {
        if (props.firm === true) element.current?.showModal();
        else props.close();
      }}
      onClick={(event) => {
        if (event.target === element.current && props.firm !== true) props.close();
      }}
    >
      <div class="dialog-body">
        <h2 id={id}>{props.title}</h2>
        {props.children}
        {props.firm !== true && props.ownActions !== true && (
          <div class="dialog-actions">
            <button type="button" class="button" onClick={props.close}>
              Close
            </button>
          </div>
        )}
      </div>
    </dialog>
  );
}

/** What opened the dialog may have gone meanwhile, like the form of the first channel. */
function giveFocusBack(opener: Element): void {
  const there = opener.isConnected && opener !== document.body;
  const target = there ? opener : document.querySelector('main');
  if (target instanceof HTMLElement) target.focus();
}
