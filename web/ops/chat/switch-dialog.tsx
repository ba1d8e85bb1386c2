import { ConfirmDialog } from './confirm-dialog.tsx';

/** The emergency switch of all chats. */
export const SwitchDialog = (props: {
  readonly isOff: boolean;
  readonly switchOff: (off: boolean) => Promise<void>;
  readonly close: () => void;
}) =>
  props.isOff ? (
    <ConfirmDialog
      title="Switch the chat on again?"
      button="Switch on"
      act={() => props.switchOff(false)}
      close={props.close}
    >
      <p>
        Within a second everybody can write again, except where a broadcaster has switched their own chat off.
      </p>
    </ConfirmDialog>
  ) : (
    <ConfirmDialog
      title="Switch all chats off?"
      button="Switch off everywhere"
      isDanger
      act={() => props.switchOff(true)}
      close={props.close}
    >
      <p class="notice notice-warn">
        <span>
          <b>Within a second nobody but staff can write, in any broadcast.</b> Their pages say so. Picture and
          sound go on, what was said stays, and nobody is disconnected.
        </span>
      </p>
      <p>
        For one broadcast alone there is the same switch in its own chat, and slow mode. Too many posts are
        what the limits are for.
      </p>
    </ConfirmDialog>
  );
