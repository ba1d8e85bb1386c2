import { Component } from 'preact';
import type { HostView, TaskView } from '../../core/api/ops.ts';
import { CpuBar, cpuWords } from './figures.tsx';
import { ImageMark } from './image-mark.tsx';
import { age, percent, placeState, shortTask, showWords, span } from './words.ts';

export interface CardProps {
  readonly host: HostView;
  /** Time of the view: ages are of that moment, so that nothing moves between passes. */
  readonly at: number;
  readonly band: { readonly low: number; readonly high: number };
  readonly isPicked: boolean;
  readonly isDense: boolean;
  /** The group's title says it already, and a cell has no room to repeat it. */
  readonly isStateSaid: boolean;
  readonly pick: (host: HostView) => void;
}

/** What a glance at the card tells, for those who hear it. */
function labelOf({ host, at, band }: CardProps): string {
  const { slot = 'no slot', task } = host;
  const state = placeState(host);
  if (task === undefined) return `${slot}, ${state}, host ${host.hostId}`;
  const shows = task.shows.length;
  return [
    slot,
    `${state}${task.inFront ? ', in front' : ''}`,
    `${shows} ${shows === 1 ? 'broadcast' : 'broadcasts'}`,
    `CPU ${cpuWords(task.cpu, band)}`,
    ...(task.order === undefined ? [] : [`to go by ${task.order.reason} for ${span(at - task.order.since)}`]),
  ].join(', ');
}

/** Each broadcast as wide as its points, in the room of its host. */
const ShowBars = ({ task, at, isDense }: { readonly task: TaskView } & Pick<CardProps, 'at' | 'isDense'>) => {
  const scale = Math.max(task.roomPoints, task.usedPoints, 1);
  return (
    <span class="shows">
      {task.shows.map((show) => (
        <span
          key={show.broadcastId}
          class={`show show-${show.state}`}
          style={{ width: `${(show.points / scale) * 100}%` }}
          {...(isDense
            ? {}
            : { title: `${show.broadcastId}: ${showWords[show.state]}, ${show.points} points` })}
        >
          {!isDense && age(at - show.startedAt)}
        </span>
      ))}
    </span>
  );
};

function Card(props: CardProps) {
  const { host, at, band, isDense } = props;
  const { task } = host;
  const state = placeState(host);
  return (
    <li>
      <button
        type="button"
        class={`host host-${state}`}
        data-host={host.hostId}
        data-state={state}
        aria-label={labelOf(props)}
        aria-pressed={props.isPicked}
        onClick={() => props.pick(host)}
      >
        <span class="host-head">
          <b class="slot">{host.slot ?? '–'}</b>
          {task?.inFront === true && <span class="front">{isDense ? 'F' : 'in front'}</span>}
          {!(isDense && props.isStateSaid) && <span class="state-word">{state}</span>}
        </span>
        {!isDense && (
          <span class="host-facts">
            {task === undefined ? (
              <code>{host.hostId}</code>
            ) : (
              <>
                <ImageMark digest={task.digest} />
                <code>{shortTask(task.taskId)}</code>
                <span>up {span(at - task.startedAt)}</span>
              </>
            )}
          </span>
        )}
        {task?.seenAt !== undefined && (
          <>
            <ShowBars task={task} at={at} isDense={isDense} />
            <span class="cpu">
              <CpuBar cpu={task.cpu} band={band} />
              {!isDense && <span class="cpu-figure">{percent(task.cpu)}</span>}
            </span>
          </>
        )}
        {!isDense && task !== undefined && <Why task={task} at={at} />}
      </button>
    </li>
  );
}

const Why = ({ task, at }: { readonly task: TaskView; readonly at: number }) => {
  if (task.order === undefined && task.why === undefined) return null;
  return (
    <span class="why">
      {task.order !== undefined && (
        <b>
          {task.order.reason} for {span(at - task.order.since)}
          {task.why !== undefined && ': '}
        </b>
      )}
      {task.why}
    </span>
  );
};

/** Ages are shown by the minute; only what has just begun is counted in seconds. */
const ageStepMs = (at: number, task: TaskView | undefined): number => {
  const begun = task && [task.startedAt, task.order?.since ?? 0, ...task.shows.map((show) => show.startedAt)];
  return begun?.some((since) => at - since < 60_000) === true ? 1_000 : 30_000;
};

const isSameAge = (before: number, after: number, stepMs: number): boolean =>
  Math.floor(before / stepMs) === Math.floor(after / stepMs);

const isSame = (before: CardProps, after: CardProps): boolean =>
  before.isPicked === after.isPicked &&
  before.isDense === after.isDense &&
  before.isStateSaid === after.isStateSaid &&
  before.pick === after.pick &&
  before.band.low === after.band.low &&
  before.band.high === after.band.high &&
  JSON.stringify(before.host) === JSON.stringify(after.host) &&
  isSameAge(before.at, after.at, ageStepMs(before.at, before.host.task));

/** Drawn again only when something of this host has changed, not with every pass. */
export class HostCard extends Component<CardProps> {
  override shouldComponentUpdate(next: CardProps): boolean {
    return !isSame(this.props, next);
  }

  override render(props: CardProps) {
    return <Card {...props} />;
  }
}
