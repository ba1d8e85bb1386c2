import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { ShardView } from '../../../core/api/chat.ts';
import { conditionOf } from '../../../core/chat/alarms.ts';
import type { ChatStore } from './chat-store.ts';
import { count } from './chat-words.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';

export type ShardWish = 'open' | 'close' | 'move';

interface ShardDialogProps {
  readonly wish: ShardWish;
  readonly shard: ShardView;
  readonly others: readonly ShardView[];
  readonly store: Pick<ChatStore, 'setShard' | 'move'>;
  readonly close: () => void;
}

export function ShardDialog(props: ShardDialogProps) {
  const { wish, shard, store, close } = props;
  const name = shard.shard;
  if (wish === 'move') return <MoveDialog {...props} />;
  return wish === 'close' ? (
    <ConfirmDialog
      title={`Close shard ${name}?`}
      button="Close it"
      act={() => store.setShard(name, 'close')}
      close={close}
    >
      <p>New broadcasts get other shards. Those that it has go on, and nobody is disconnected.</p>
    </ConfirmDialog>
  ) : (
    <ConfirmDialog
      title={`Open shard ${name}?`}
      button="Open it"
      act={() => store.setShard(name, 'open')}
      close={close}
    >
      <p>New broadcasts get it again, when it is the least loaded.</p>
    </ConfirmDialog>
  );
}

function MoveDialog({ shard, others, store, close }: ShardDialogProps) {
  const id = useId();
  const to = useSignal('');
  const { broadcasts, sockets } = shard;
  return (
    <ConfirmDialog
      title={`Move the broadcasts of shard ${shard.shard}?`}
      button="Move them"
      isDanger={sockets > 0}
      act={() => store.move(shard.shard, to.value === '' ? undefined : to.value)}
      close={close}
    >
      <p>
        {broadcasts === undefined ? 'All its broadcasts' : `Its ${count(broadcasts)} broadcasts`} get their
        chat elsewhere, with all that was said. {sockets > 0 && `${count(sockets)} sockets go there at once.`}{' '}
        New broadcasts may still get it: close it as well if it is to be empty.
      </p>
      <div class="field">
        <label for={`${id}-to`}>To</label>
        <select
          id={`${id}-to`}
          name="to"
          value={to.value}
          onChange={(event) => (to.value = event.currentTarget.value)}
        >
          <option value="">the least loaded, one by one</option>
          {others.map((other) => (
            <option key={other.shard} value={other.shard} disabled={conditionOf(other) !== 'open'}>
              {other.shard}
            </option>
          ))}
        </select>
      </div>
    </ConfirmDialog>
  );
}
