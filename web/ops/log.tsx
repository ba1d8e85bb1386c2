import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { LoggedDecision } from '../../core/fleet/ports.ts';
import { lineKey, type LogStore } from './log-store.ts';
import { outcomeWords, shortTask, stamp } from './words.ts';

const Line = (props: {
  readonly line: LoggedDecision;
  readonly nowMs: number;
  readonly about: (subject: string) => void;
}) => {
  const { line } = props;
  const { subject } = line;
  const id = subject.taskId ?? subject.hostId ?? subject.slot;
  const name = subject.slot ?? (subject.taskId && shortTask(subject.taskId)) ?? subject.hostId;
  return (
    <li class={`line line-${line.outcome}`} data-reason={line.reason}>
      <time dateTime={new Date(line.at).toISOString()}>{stamp(line.at, props.nowMs)}</time>
      <span class="line-head">
        <b>{line.reason}</b>
        {line.outcome !== 'note' && <span>{line.action}</span>}
        {id !== undefined && name !== undefined && (
          <button
            type="button"
            class="link"
            title={`Only what is about ${id}`}
            onClick={() => props.about(id)}
          >
            {name}
          </button>
        )}
        {line.outcome !== 'done' && <span class="outcome">{outcomeWords[line.outcome]}</span>}
      </span>
      <span class="line-text">
        {line.text}
        {line.error !== undefined && <span class="line-error"> {line.error}</span>}
      </span>
    </li>
  );
};

/** The decision log: what was done or left alone, and why. Newest first. */
export function Log(props: {
  readonly log: LogStore;
  readonly nowMs: number;
  readonly about: (subject: string | undefined) => void;
}) {
  const { log } = props;
  const id = useId();
  const reason = useSignal('');
  const { lines = [], before } = log.part.value ?? {};
  const reasons = [...new Set(lines.map((line) => line.reason))].toSorted();
  const shown = reason.value === '' ? lines : lines.filter((line) => line.reason === reason.value);
  const subject = log.subject.value;
  // Choices are what has been loaded; the one that is set stays one.
  const choices = reason.value === '' ? reasons : [...new Set([...reasons, reason.value])].toSorted();
  return (
    <section class="panel log" aria-labelledby={`${id}-title`}>
      <div class="log-head">
        <h2 id={`${id}-title`}>Decisions</h2>
        <div class="find">
          <label for={`${id}-reason`}>Reason</label>
          <select
            id={`${id}-reason`}
            value={reason.value}
            onChange={(event) => (reason.value = event.currentTarget.value)}
          >
            <option value="">all</option>
            {choices.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </div>
      </div>
      {subject !== undefined && (
        <p class="about">
          <span>
            Only about <code>{subject}</code>
          </span>
          <button type="button" class="button quiet" onClick={() => props.about(undefined)}>
            Show all
          </button>
        </p>
      )}
      {log.trouble.value !== undefined && <p class="notice notice-warn">{log.trouble.value}</p>}
      {log.part.value === undefined && log.trouble.value === undefined && <p class="muted">Loading …</p>}
      {log.part.value !== undefined && shown.length === 0 && (
        <p class="muted">
          {lines.length === 0
            ? 'No decisions here. They are kept a week.'
            : `None of the ${lines.length} decisions loaded has this reason.`}
        </p>
      )}
      <ol class="lines" tabIndex={0} aria-label="Decisions, newest first">
        {shown.map((line) => (
          <Line key={lineKey(line)} line={line} nowMs={props.nowMs} about={props.about} />
        ))}
        {before !== undefined && (
          <li>
            <button
              type="button"
              class="button"
              disabled={log.loading.value}
              onClick={() => void log.older()}
            >
              {log.loading.value ? 'Loading …' : 'Load older'}
            </button>
          </li>
        )}
      </ol>
    </section>
  );
}
