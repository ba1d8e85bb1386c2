import { useSignal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import type { HostView, TaskView } from '../../core/api/ops.ts';
import { wordsOf } from '../api/ask.ts';
import { Dialog } from '../design/dialog.tsx';
import type { WishKind } from './ops-api.ts';
import { showWords, span } from './words.ts';

/** As the API takes them. */
const maxReason = 200;

const titles: Readonly<Record<WishKind, string>> = {
  drain: 'Drain this task?',
  keep: 'Keep this task?',
  'force-stop': 'Stop this task by force?',
};

const buttons: Readonly<Record<WishKind, string>> = {
  drain: 'Drain',
  keep: 'Keep',
  'force-stop': 'Stop by force',
};

const Explained = ({
  kind,
  task,
  nowMs,
}: Pick<WishProps, 'task' | 'nowMs'> & { readonly kind: WishKind }) => {
  if (kind === 'drain')
    return (
      <p>
        It leaves the front set and then refuses new broadcasts. Those that run on it go on until they end;
        nobody is cut off. When the last one has ended, the task is stopped.
      </p>
    );
  if (kind === 'keep')
    return <p>What it was told is taken back: it takes broadcasts again, and returns to the front set.</p>;
  const { shows } = task;
  if (task.state === 'lost' || task.seenAt === undefined)
    return (
      <p class="notice notice-warn">
        Nobody knows what it holds now.{' '}
        {shows.length > 0 && `It last held ${shows.length}: whatever still runs on it will be cut off.`}
      </p>
    );
  if (shows.length === 0) return <p>It holds no broadcast. A drain would stop it as well, more gently.</p>;
  return (
    <div class="cut-off">
      <p class="notice notice-warn">
        <span>
          <b>{shows.length === 1 ? 'This broadcast' : `These ${shows.length} broadcasts`} will be cut off:</b>{' '}
          their encoders lose the connection, viewers lose the picture.
        </span>
      </p>
      <ul>
        {shows.map((show) => (
          <li key={show.broadcastId}>
            <code>{show.broadcastId}</code> {showWords[show.state]} for {span(nowMs - show.startedAt)}
          </li>
        ))}
      </ul>
    </div>
  );
};

interface WishProps {
  /** Undefined: the dialog is closed. */
  readonly kind: WishKind | undefined;
  readonly host: HostView;
  readonly task: TaskView;
  readonly nowMs: number;
  readonly wish: (kind: WishKind, taskId: string, reason: string) => Promise<void>;
  readonly close: () => void;
}

/** Asks for the reason, and where a broadcast may be cut off, for the id of the task. */
export function WishDialog(props: WishProps) {
  const { kind, host, task, close } = props;
  const id = useId();
  const reason = useSignal('');
  const typed = useSignal('');
  const trouble = useSignal<string | undefined>(undefined);
  const sending = useSignal(false);
  useEffect(() => {
    reason.value = '';
    typed.value = '';
    trouble.value = undefined;
  }, [kind, task.taskId]);
  if (kind === undefined) return <Dialog open={false} title="" close={close} children={null} />;

  const isForced = kind === 'force-stop';
  const isReady = reason.value.trim() !== '' && (!isForced || typed.value === task.taskId);
  const send = async (): Promise<void> => {
    if (!isReady || sending.value) return;
    sending.value = true;
    trouble.value = undefined;
    try {
      await props.wish(kind, task.taskId, reason.value.trim());
      close();
    } catch (error) {
      trouble.value = wordsOf(error);
    } finally {
      sending.value = false;
    }
  };
  return (
    <Dialog open title={titles[kind]} close={close} ownActions>
      <p>
        {host.slot}, task <code class="whole-id">{task.taskId}</code>
      </p>
      <Explained kind={kind} task={task} nowMs={props.nowMs} />
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <div class="field">
          <label for={`${id}-reason`}>Reason, for the decision log</label>
          <input
            id={`${id}-reason`}
            name="reason"
            autoComplete="off"
            autoFocus
            required
            maxLength={maxReason}
            value={reason.value}
            onInput={(event) => (reason.value = event.currentTarget.value)}
          />
        </div>
        {isForced && (
          <div class="field">
            <label for={`${id}-confirm`}>Type the id of the task</label>
            <input
              id={`${id}-confirm`}
              name="confirm"
              autoComplete="off"
              autoCapitalize="none"
              spellcheck={false}
              required
              value={typed.value}
              onInput={(event) => (typed.value = event.currentTarget.value.trim())}
            />
          </div>
        )}
        <p class="wish-trouble" role="alert">
          {trouble.value}
        </p>
        <div class="dialog-actions">
          <button
            type="submit"
            class={isForced ? 'button danger' : 'button primary'}
            disabled={!isReady || sending.value}
          >
            {sending.value ? 'Asking …' : buttons[kind]}
          </button>
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}
