import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

/** The browser's own modal dialog: it keeps the focus, closes on Escape and gives the focus back. */
export function Dialog(props: {
  readonly open: boolean;
  readonly title: string;
  readonly close: () => void;
  /** Only its own buttons close it: what it shows won't be shown again. */
  readonly firm?: boolean;
  readonly children: ComponentChildren;
}) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    if (props.open && element.current?.open === false) element.current.showModal();
    if (!props.open && element.current?.open === true) element.current.close();
  }, [props.open]);
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
      onClick={(event) => {
        if (event.target === element.current && props.firm !== true) props.close();
      }}
    >
      <div class="dialog-body">
        <h2 id={id}>{props.title}</h2>
        {props.children}
        {props.firm !== true && (
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
