import { useSignal, type ReadonlySignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import type { FleetView, HostView, TaskView } from '../../core/api/ops.ts';
import { CopyButton } from '../design/copy-button.tsx';
import { CpuBar, cpuWords, usualBand } from './figures.tsx';
import { ImageMark } from './image-mark.tsx';
import type { WishKind } from './ops-api.ts';
import type { Wished } from './store.ts';
import { WishDialog } from './wish-dialog.tsx';
import { capital, clock, placeState, room, showWords, span, stateHelp } from './words.ts';

export interface PanelProps {
  readonly host: HostView;
  readonly fleet: FleetView;
  /** Read here, so that only this panel is drawn every second. */
  readonly now: ReadonlySignal<number>;
  readonly wished: Wished | undefined;
  readonly wish: (kind: WishKind, taskId: string, reason: string) => Promise<void>;
  readonly close: () => void;
}

const wishedWords: Readonly<Record<WishKind, string>> = {
  drain: 'to drain this task',
  keep: 'to keep this task',
  'force-stop': 'to stop this task by force',
};

/** What can be asked for in this state. A forced stop always can, that is what it is for. */
export function wishesFor(task: TaskView): readonly WishKind[] {
  if (task.state === 'stopped') return [];
  if (task.state === 'stopping') return ['force-stop'];
  if (task.order !== undefined) return ['keep', 'force-stop'];
  return task.state === 'draining' ? ['force-stop'] : ['drain', 'force-stop'];
}

/** All that is known of one host, and what can be done with its task. */
export function HostPanel(props: PanelProps) {
  const { host, fleet } = props;
  const nowMs = props.now.value;
  const { task } = host;
  const id = useId();
  const title = useRef<HTMLHeadingElement>(null);
  const state = placeState(host);
  // Another host: who picked it by key goes on reading here.
  useEffect(() => title.current?.focus({ preventScroll: true }), [host.hostId, task?.taskId]);
  return (
    <section
      class="panel host-panel"
      aria-labelledby={id}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !(event.target as Element).closest('dialog')) props.close();
      }}
    >
      <div class="panel-head">
        <h2 id={id} ref={title} tabIndex={-1}>
          {host.slot ?? 'No slot'} <span class={`chip chip-${state}`}>{state}</span>
        </h2>
        <button type="button" class="button quiet" onClick={props.close}>
          Close
        </button>
      </div>
      <p class="muted">{capital(stateHelp[state] ?? state)}.</p>
      {task?.order !== undefined && (
        <p class="why-long">
          <b>
            {capital(task.order.reason)} for {span(nowMs - task.order.since)}
          </b>
          : {task.order.text}
        </p>
      )}
      {task?.why !== undefined && <p class="why-long">{task.why}</p>}
      {task !== undefined && (
        <>
          <TaskShows task={task} nowMs={nowMs} />
          <Actions {...props} task={task} />
        </>
      )}
      <dl class="facts">
        <Fact name="Address" value={host.address ?? 'none'} />
        <Fact name="Launched" value={`${span(nowMs - host.launchedAt)} ago`} />
        <Fact name="Host" value={host.hostId} isWide />
        {task !== undefined && <TaskFacts task={task} fleet={fleet} nowMs={nowMs} />}
      </dl>
    </section>
  );
}

const Fact = (props: { readonly name: string; readonly value: string; readonly isWide?: boolean }) => (
  <div class={props.isWide === true ? 'fact-wide' : ''}>
    <dt>{props.name}</dt>
    <dd>{props.value}</dd>
  </div>
);

const TaskFacts = (props: { readonly task: TaskView; readonly fleet: FleetView; readonly nowMs: number }) => {
  const { task, fleet, nowMs } = props;
  const band = fleet.cpuBand ?? usualBand;
  const image = fleet.images.find(({ digest }) => digest === task.digest);
  return (
    <>
      <Fact name="Task up" value={span(nowMs - task.startedAt)} />
      <Fact
        name="Heard"
        value={task.seenAt === undefined ? 'not yet' : `${span(fleet.at - task.seenAt)} before the pass`}
      />
      <Fact name="In front" value={task.inFront ? 'yes' : 'no'} />
      <div>
        <dt>Image</dt>
        <dd>
          <ImageMark digest={task.digest} /> {image?.state}
        </dd>
      </div>
      <div>
        <dt>CPU</dt>
        <dd>
          {cpuWords(task.cpu, band)}
          <CpuBar cpu={task.cpu} band={band} />
        </dd>
      </div>
      <Fact name="Room in use" value={`${room(task.usedPoints)} of ${room(task.roomPoints)}`} />
      <div class="fact-wide">
        <dt>Task</dt>
        <dd class="task-id">
          <code>{task.taskId}</code>
          <CopyButton text={task.taskId} label="Copy" name="Copy the id of the task" />
        </dd>
      </div>
    </>
  );
};

const TaskShows = ({ task, nowMs }: { readonly task: TaskView; readonly nowMs: number }) =>
  task.shows.length === 0 ? (
    <p class="muted">{task.seenAt === undefined ? 'No word of broadcasts yet.' : 'No broadcasts.'}</p>
  ) : (
    <table class="show-table">
      <caption>Broadcasts</caption>
      <thead>
        <tr>
          <th scope="col">Broadcast</th>
          <th scope="col">State</th>
          <th scope="col">Age</th>
          <th scope="col">Points</th>
        </tr>
      </thead>
      <tbody>
        {task.shows.map((show) => (
          <tr key={show.broadcastId}>
            <td>
              <a href={`/watch/${show.broadcastId}`} title={show.broadcastId}>
                …{show.broadcastId.slice(-6)}
              </a>
              {show.session > 1 && <small> session {show.session}</small>}
            </td>
            <td>
              <i class={`show show-${show.state}`} aria-hidden="true" /> {showWords[show.state]}
            </td>
            <td>{span(nowMs - show.startedAt)}</td>
            <td>{show.points}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );

const wishButtons: Readonly<Record<WishKind, string>> = {
  drain: 'Drain …',
  keep: 'Keep …',
  'force-stop': 'Force-stop …',
};

const Actions = (props: PanelProps & { readonly task: TaskView }) => {
  const { task, wished } = props;
  const asking = useSignal<WishKind | undefined>(undefined);
  return (
    <>
      <div class="actions">
        {wishesFor(task).map((kind) => (
          <button
            key={kind}
            type="button"
            class={kind === 'force-stop' ? 'button danger-quiet' : 'button'}
            data-wish={kind}
            onClick={() => (asking.value = kind)}
          >
            {wishButtons[kind]}
          </button>
        ))}
      </div>
      <p class="wished" role="status">
        {wished !== undefined &&
          `Asked ${wishedWords[wished.kind]} at ${clock(wished.at)}. The scheduler acts in its next pass.`}
      </p>
      <WishDialog
        kind={asking.value}
        host={props.host}
        task={task}
        nowMs={props.now.value}
        wish={props.wish}
        close={() => (asking.value = undefined)}
      />
    </>
  );
};
