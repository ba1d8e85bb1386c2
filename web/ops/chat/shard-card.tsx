import { useId } from 'preact/hooks';
import type { ShardView } from '../../../core/api/chat.ts';
import { conditionOf, isFresh } from '../../../core/chat/alarms.ts';
import { percentOf } from '../figures.tsx';
import { percent, shortTask, span } from '../words.ts';
import { conditionHelp, conditionTones, conditionWords, count, figuresOf, fillOf } from './chat-words.ts';
import type { ShardWish } from './shard-dialog.tsx';

interface ShardCardProps {
  readonly shard: ShardView;
  /** Time of the view: ages are of that moment. */
  readonly at: number;
  readonly wish: (wish: ShardWish, shard: string) => void;
}

/** One shard: what somebody wants to know at one look, its tasks and what can be done on demand. */
export function ShardCard({ shard, at, wish }: ShardCardProps) {
  const id = useId();
  const { sockets, tasks, broadcasts, postsPerS } = shard;
  const condition = conditionOf(shard);
  const { capacity, heardMs } = figuresOf(shard, at);
  const share = capacity === undefined || capacity === 0 ? undefined : sockets / capacity;
  return (
    <li
      class={`shard shard-${conditionTones[condition]}`}
      data-shard={shard.shard}
      data-condition={condition}
      tabIndex={-1}
      aria-labelledby={`${id}-name`}
    >
      <div class="shard-head">
        <h3 id={`${id}-name`}>
          <span class="hidden-label">Shard </span>
          {shard.shard}
        </h3>
        <span class={`chip chip-${conditionTones[condition]}`} title={conditionHelp[condition]}>
          {conditionWords[condition]}
        </span>
        {condition !== 'closed' && shard.state === 'closed' && <span class="muted">closed</span>}
      </div>
      <div class="shard-load">
        <span class="bar" aria-hidden="true">
          <span
            class={share === undefined ? '' : fillOf(share)}
            style={{ width: share === undefined ? '0' : percentOf(share, 1) }}
          />
        </span>
        {share !== undefined && <b>{percent(share)}</b>}
      </div>
      <p class="shard-sockets">
        <b>{count(sockets)}</b>
        {capacity !== undefined && capacity > 0 && ` of ${count(capacity)}`} sockets
      </p>
      <p class="shard-facts">
        <span>
          {count(tasks)} {tasks === 1 ? 'task' : 'tasks'}
        </span>
        <span class={tasks === 0 ? 'bad' : ''}>
          {heardMs === undefined ? (tasks === 0 ? 'not heard for long' : '') : `heard ${span(heardMs)} ago`}
        </span>
        {broadcasts !== undefined && (
          <span>
            {count(broadcasts)} {broadcasts === 1 ? 'broadcast' : 'broadcasts'}
          </span>
        )}
        <span class={postsPerS === undefined ? 'bad' : ''}>
          {postsPerS === undefined ? 'posts/s unknown' : `${count(postsPerS)} posts/s`}
        </span>
      </p>
      <details class="shard-more">
        <summary>
          Tasks<span class="hidden-label"> of shard {shard.shard}, and what can be done</span>
        </summary>
        <Reports shard={shard} at={at} />
        <div class="actions">
          {shard.state === 'open' ? (
            <button type="button" class="button" onClick={() => wish('close', shard.shard)}>
              Close …
            </button>
          ) : (
            <button type="button" class="button" onClick={() => wish('open', shard.shard)}>
              Open …
            </button>
          )}
          <button type="button" class="button" onClick={() => wish('move', shard.shard)}>
            Move …
          </button>
        </div>
      </details>
    </li>
  );
}

/** What was heard longest ago first: it needs eyes. */
const Reports = ({ shard: { reports = [] }, at }: Pick<ShardCardProps, 'shard' | 'at'>) =>
  reports.length === 0 ? (
    <p class="muted">No task has reported in the last minutes.</p>
  ) : (
    <ul class="reports">
      {reports.toReversed().map((report) => (
        <li key={report.taskId} class={isFresh(report, at) ? '' : 'report-old'}>
          <code title={report.taskId}>{shortTask(report.taskId)}</code>
          <span>
            {count(report.sockets)} of {count(report.capacity)}
          </span>
          <span>
            {span(at - report.at)} ago{!isFresh(report, at) && ', ended or lost'}
          </span>
        </li>
      ))}
    </ul>
  );
