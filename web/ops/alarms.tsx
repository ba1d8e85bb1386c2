import { Icon } from '../design/icons.tsx';

/** A fleet in trouble has the same alarm many times. */
const shownAtOnce = 3;

/** One alarm, of the fleet or of the chat. */
export interface ShownAlarm {
  readonly name: string;
  readonly title: string;
  /** What it is about. */
  readonly words: string;
  readonly text: string;
  /** Where the repository says what to do. No page serves it, so it is named, not linked. */
  readonly runbook: string;
  /** Leads to what it is about, where that is on the page. */
  readonly pick?: () => void;
}

const AlarmLine = ({ alarm: { words, text, pick } }: { readonly alarm: ShownAlarm }) => (
  <li>
    {pick !== undefined ? (
      <button type="button" class="link" onClick={pick}>
        {words}
      </button>
    ) : (
      words !== '' && <b>{words}</b>
    )}
    {words !== '' && ': '}
    {text}
  </li>
);

export function Alarms(props: {
  readonly alarms: readonly ShownAlarm[];
  readonly errors: readonly string[];
}) {
  const { alarms, errors } = props;
  const groups = [...Map.groupBy(alarms, ({ name }) => name)];
  return (
    <>
      {groups.length > 0 && (
        <section class="alarms" aria-label="Alarms">
          {groups.map(([name, members]) => (
            <article key={name} class="alarm" data-alarm={name}>
              <h2>
                <Icon name="warn" />
                {members[0]?.title}
                {members.length > 1 && <span class="count">{members.length}</span>}
              </h2>
              <ul>
                {members.slice(0, shownAtOnce).map((alarm, index) => (
                  <AlarmLine key={index} alarm={alarm} />
                ))}
              </ul>
              {members.length > shownAtOnce && (
                <details>
                  <summary>{members.length - shownAtOnce} more</summary>
                  <ul>
                    {members.slice(shownAtOnce).map((alarm, index) => (
                      <AlarmLine key={index} alarm={alarm} />
                    ))}
                  </ul>
                </details>
              )}
              <p class="runbook">
                What to do: <code>{members[0]?.runbook}</code>
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
