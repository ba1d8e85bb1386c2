import type { FleetView } from '../../core/api/ops.ts';
import type { Alarm, Subject } from '../../core/fleet/decision.ts';
import { Icon } from '../design/icons.tsx';
import { alarmTitle, runbookSection, shortDigest, shortTask } from './words.ts';

/** A fleet in trouble has the same alarm many times. */
const shownAtOnce = 3;

const subjectWords = ({ slot, taskId, hostId, digest }: Subject): string =>
  [slot, taskId && `task ${shortTask(taskId)}`, hostId, digest && `image ${shortDigest(digest)}`]
    .filter((word) => word !== undefined && word !== '')
    .slice(0, 2)
    .join(', ');

const AlarmLine = ({ alarm, pick }: { readonly alarm: Alarm; readonly pick: (subject: Subject) => void }) => {
  const { subject, text } = alarm;
  const words = subjectWords(subject);
  const isOnHost = subject.taskId ?? subject.hostId ?? subject.slot;
  return (
    <li>
      {isOnHost !== undefined ? (
        <button type="button" class="link" onClick={() => pick(subject)}>
          {words}
        </button>
      ) : (
        words !== '' && <b>{words}</b>
      )}
      {words !== '' && ': '}
      {text}
    </li>
  );
};

export function Alarms(props: { readonly fleet: FleetView; readonly pick: (subject: Subject) => void }) {
  const { alarms, errors } = props.fleet;
  const groups = [...Map.groupBy(alarms, ({ name }) => name)];
  return (
    <>
      {groups.length > 0 && (
        <section class="alarms" aria-label="Alarms">
          {groups.map(([name, members]) => (
            <article key={name} class="alarm" data-alarm={name}>
              <h2>
                <Icon name="warn" />
                {alarmTitle(name)}
                {members.length > 1 && <span class="count">{members.length}</span>}
              </h2>
              <ul>
                {members.slice(0, shownAtOnce).map((alarm, index) => (
                  <AlarmLine key={index} alarm={alarm} pick={props.pick} />
                ))}
              </ul>
              {members.length > shownAtOnce && (
                <details>
                  <summary>{members.length - shownAtOnce} more</summary>
                  <ul>
                    {members.slice(shownAtOnce).map((alarm, index) => (
                      <AlarmLine key={index} alarm={alarm} pick={props.pick} />
                    ))}
                  </ul>
                </details>
              )}
              <p class="runbook">
                What to do: <code>{runbookSection(name)}</code>
              </p>
            </article>
          ))}
        </section>
      )}
      {errors.length > 0 && (
        <details class="errors">
          <summary>
            {errors.length} {errors.length === 1 ? 'call' : 'calls'} failed in the last pass
          </summary>
          <ul>
            {errors.map((error) => (
              <li key={error}>{error}</li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
